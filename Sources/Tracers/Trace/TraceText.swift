import FtraceEngine
import Glibc

/// A trace as the kernel prints it in the file `trace` of tracefs, with the option `noirq-info`: what says of a kernel whether
/// interrupts are off says nothing of a process.
public struct TraceText {
  private let trace: Trace
  private let runtime: TraceRuntime

  /// - Parameter runtime: the runtime that was traced, for the names of functions.
  public init(_ trace: Trace, of runtime: TraceRuntime) {
    self.trace = trace
    self.runtime = runtime
  }

  /// Writes the header, the events, and lines that begin with `#` for what is not shown: events beyond the limit, and lost ones.
  /// - Parameters:
  ///   - limit: events to write; nil: all.
  ///   - sink: is handed pieces of the text, which need not end with a line.
  public func write<Failure: Error>(limit: Int? = nil, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = Array(header.utf8)
    var symbols = SymbolTable(runtime)
    let tasks = trace.tasks.map { Array((Self.padded($0.name, to: 16) + "-" + Self.trailing($0.threadID, 7)).utf8) }
    var left = limit ?? .max
    for event in trace {
      if left == 0 { break }
      left -= 1
      text += tasks[event.task]
      text += " [".utf8
      Self.append(event.cpu, digits: 3, pad: "0", to: &text)
      text += "]  ".utf8
      let microseconds = trace.clock.nanoseconds(at: event.counter) / 1000
      Self.append(Int(microseconds / 1_000_000), digits: 5, pad: " ", to: &text)
      text.append(UInt8(ascii: "."))
      Self.append(Int(microseconds % 1_000_000), digits: 6, pad: "0", to: &text)
      text += ": ".utf8
      text += symbols.name(of: event.ip, at: event.counter).utf8
      text += " <-".utf8
      text += symbols.name(of: event.parentIP, at: event.counter).utf8
      text.append(UInt8(ascii: "\n"))
      if text.count >= 1 << 16 {
        try sink(text)
        text.removeAll(keepingCapacity: true)
      }
    }
    let more = trace.count - (limit.map { Swift.min($0, trace.count) } ?? trace.count)
    if more > 0 { text += "# \(more) more\n".utf8 }
    for line in trace.losses.lines { text += "# \(line)\n".utf8 }
    try sink(text)
  }

  private var header: String {
    """
    # tracer: \(trace.tracer)
    #
    # entries-in-buffer/entries-written: \(trace.count)/\(trace.count + trace.losses.total)   #P:\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    #
    #           TASK-PID     CPU#     TIMESTAMP  FUNCTION
    #              | |         |         |         |

    """
  }

  // MARK: - Columns

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
