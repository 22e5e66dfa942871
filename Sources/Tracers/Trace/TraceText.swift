import FtraceEngine
import FtraceTraceBuffer
import Glibc

/// A trace as the kernel prints it in the file `trace` of tracefs, with the option `noirq-info`: what says of a kernel whether
/// interrupts are off says nothing of a process.
struct TraceText<Symbols: SymbolLookup> {
  private let trace: Trace
  private let symbols: Symbols

  init(_ trace: Trace, _ symbols: Symbols) {
    self.trace = trace
    self.symbols = symbols
  }

  /// Writes the header, the events, and lines that begin with `#` for what is not shown: events beyond the limit, and lost ones.
  func write<Failure: Error>(limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = Array(header.utf8)
    var symbols = symbols
    let tasks = trace.tasks.map { Array((Self.padded($0.name, to: 16) + "-" + Self.trailing($0.threadID, 7)).utf8) }
    var left = limit ?? .max
    // By a clock that has no times, calls are numbered within their thread.
    var numbers = [UInt64](repeating: 0, count: tasks.count)
    for (task, event) in MergedEvents(trace.blocks) {
      if left == 0 { break }
      let record = event.record
      if record.kind == .loss {
        text += tasks[task]
        text += " [LOST \(record.count) EVENTS: \(record.cause?.explanation ?? "unknown cause")]\n".utf8
      }
      guard record.kind == .entry || record.kind == .stack else { continue }
      left -= 1
      text += tasks[task]
      text += " [".utf8
      let cpu = record.kind == .entry ? record.processor : nil
      if let cpu { Self.append(cpu, digits: 3, pad: "0", to: &text) } else { text += "---".utf8 }
      text += "]  ".utf8
      numbers[task] += 1
      appendTime(record.clock, number: numbers[task], to: &text)
      text += ": ".utf8
      if record.kind == .stack {
        text += "<stack trace>\n".utf8
        for address in trace.blocks[task][event.block].words(of: record) {
          text += " => \(symbols.symbol(at: UInt(address) &- 1, time: record.clock, epoch: record.epoch).name)\n".utf8
        }
        if record.isCut { text += " => ...\n".utf8 }
        continue
      }
      let ip = trace.base + UInt(record.afterSite) - 5
      let function = symbols.symbol(at: ip, time: record.clock, epoch: record.epoch)
      text += function.name.utf8
      if !event.values.isEmpty { text += "(\(function.arguments(event.values)))".utf8 }
      text += " <-".utf8
      text += symbols.symbol(at: UInt(record.parent ?? 0), time: record.clock, epoch: record.epoch).name.utf8
      text.append(UInt8(ascii: "\n"))
      if text.count >= 1 << 16 {
        try sink(text)
        text.removeAll(keepingCapacity: true)
      }
    }
    let more = trace.count - (limit.map { Swift.min($0, trace.count) } ?? trace.count)
    if more > 0 { text += "# \(more) more\n".utf8 }
    for cause in LossCause.allCases where trace.losses[cause].total > 0 {
      text += "# \(trace.losses[cause].total) calls are missing that \(cause.relativeClause)\n".utf8
    }
    try sink(text)
  }

  private var header: String {
    """
    # tracer: \(trace.tracer)
    #
    # entries-in-buffer/entries-written: \(trace.count)/\(trace.count &+ Int(clamping: trace.losses.total))   #P:\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    #
    #           TASK-PID     CPU#     TIMESTAMP  FUNCTION
    #              | |         |         |         |

    """
  }

  // MARK: - Columns

  /// Seconds and microseconds; where there are none a number, as by the kernel's clock `counter`.
  private func appendTime(_ clock: UInt64, number: UInt64, to text: inout [UInt8]) {
    guard let nanoseconds = trace.calibration.nanoseconds(at: clock) else {
      Self.append(Int(truncatingIfNeeded: number), digits: 12, pad: " ", to: &text)
      return
    }
    let microseconds = nanoseconds / 1000
    Self.append(Int(microseconds / 1_000_000), digits: 5, pad: " ", to: &text)
    text.append(UInt8(ascii: "."))
    Self.append(Int(microseconds % 1_000_000), digits: 6, pad: "0", to: &text)
  }

  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - text.count)) + text
  }

  private static func trailing(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return text + String(repeating: " ", count: Swift.max(0, width - text.count))
  }

  private static func append(_ number: Int, digits: Int, pad: Unicode.Scalar, to text: inout [UInt8]) {
    let number = String(number)
    for _ in 0..<Swift.max(0, digits - number.utf8.count) { text.append(UInt8(ascii: pad)) }
    text += number.utf8
  }
}
