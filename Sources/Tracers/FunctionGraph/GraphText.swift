import FtraceEngine
import FtraceTraceBuffer

/// Calls as the kernel's `function_graph` prints them, with the options `funcgraph-proc` and `nofuncgraph-cpu`: events of 8 bytes do not say
/// on which processor they were.
///
/// A call that calls nothing is one line; others have a line at each end, with the duration at the last. Workers' lines are merged by time, unless the
/// clock is ordinal. The marks before a duration are the kernel's: `+` more than 10 us, `!` 100 us, `#` 1 ms, `*` 10 ms, `@` 100 ms, `$` 1 s.
struct GraphText<Symbols: SymbolLookup> {
  private let trace: GraphTrace
  private var symbols: Symbols

  init(_ trace: GraphTrace, _ symbols: Symbols) {
    self.trace = trace
    self.symbols = symbols
  }

  /// A worker whose events are being printed.
  private struct Task {
    var events: WorkerEvents
    /// The functions that are open, with the times at which they began.
    var open = OpenFunctions<String, UInt64>()
    /// Events are missing since the last resync.
    var isInGap = false
    /// The block of the last event, as an index.
    var block = 0
    let column: [UInt8]
  }

  mutating func write<Failure: Error>(limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = Array(Self.header(trace.tracer).utf8)
    var tasks = zip(trace.workers, trace.blocks).map { worker, blocks in
      Task(events: WorkerEvents(blocks), column: Self.column(worker.name, worker.threadID))
    }
    var lines = 0
    while let index = earliest(tasks) {
      for line in step(&tasks[index]) {
        lines += 1
        if let limit, lines > limit { continue }
        text += line
        if text.count >= 1 << 16 {
          try sink(text)
          text.removeAll(keepingCapacity: true)
        }
      }
    }
    if let limit, lines > limit { text += "# \(lines - limit) more\n".utf8 }
    for cause in LossCause.allCases where trace.losses[cause].total > 0 {
      let lost = trace.losses[cause]
      text += "# \(lost.entries) entries and \(lost.exits) exits are missing: \(cause.explanation)\n".utf8
    }
    try sink(text)
  }

  /// The worker whose next event is first; of workers that are not merged the first that has one.
  private func earliest(_ tasks: [Task]) -> Int? {
    var best: (index: Int, time: UInt64)?
    for (index, task) in tasks.enumerated() {
      guard let coming = task.events.coming else { continue }
      if trace.calibration.clock == .ordinal { return index }
      if best.map({ coming.record.clock < $0.time }) ?? true { best = (index, coming.record.clock) }
    }
    return best?.index
  }

  // MARK: - Lines

  private mutating func step(_ task: inout Task) -> [[UInt8]] {
    guard let event = task.events.next() else { return [] }
    let record = event.record
    if event.block != task.block {
      if !task.events.blocks[event.block].follows(task.events.blocks[task.block]) { task.isInGap = true }
      task.block = event.block
    }
    let depth = task.open.frames.count
    switch record.kind {
    case .entry:
      let function = symbol(of: event, task)
      let call = "\(function.name)(\(function.arguments(event.values)))"
      if let exit = task.events.coming, exit.record.kind == .exit, symbol(of: exit, task).name == function.name {
        task.block = exit.block
        _ = task.events.next()
        let time = duration(from: record.clock, to: exit.record.clock)
        return [line(task, time, depth, "\(call)\(function.result(exit.values));")]
      }
      task.open.enter(function.name, record.clock)
      return [line(task, nil, depth, "\(call) {")]
    case .exit:
      let function = symbol(of: event, task)
      let end = "}" + function.result(event.values)
      let (unwound, call) = task.open.exit(function.name)
      let lines = self.lines(task, unwound: unwound, from: depth)
      // An entry that is missing leaves the line without a beginning: it says whose end it is.
      guard let call else { return [line(task, nil, depth, "\(end) /* \(function.name) */")] }
      let time = call.value.flatMap { duration(from: $0, to: record.clock) }
      let text = call.value == nil ? "\(end) /* \(function.name) */" : end
      return lines + [line(task, time, task.open.frames.count, text)]
    case .unwound:
      let closed = task.open.unwind(Int(clamping: record.count))
      return lines(task, unwound: closed, from: depth)
    case .resync:
      if record.isAfterPause { task.isInGap = true }
      let listed: [String?] = names(of: record, event, task).reversed()
      let closed = task.open.resync(listed, isCut: record.isCut, isBehindGap: task.isInGap)
      defer { task.isInGap = false }
      let pause = record.isAfterPause ? [task.column + " | [not recorded: tracing was off]\n".utf8] : []
      return pause + lines(task, unwound: closed, from: depth)
    case .loss:
      task.isInGap = true
      return [task.column + " | [LOST \(record.count) EVENTS: \(record.cause?.explanation ?? "unknown cause")]\n".utf8]
    case .stack:
      var lines = [line(task, nil, depth, "/* <stack trace>")]
      for name in names(of: record, event, task) { lines.append(Array(" => \(name)\n".utf8)) }
      if record.isCut { lines.append(Array(" => ...\n".utf8)) }
      return lines + [Array(" */\n".utf8)]
    case .values: return []
    }
  }

  /// Of the functions of a record's frames, innermost first.
  private mutating func names(of record: TraceRecord, _ event: WorkerEvent, _ task: Task) -> [String] {
    task.events.blocks[event.block].words(of: record).map { address in
      let place = trace.base + UInt(UInt32(truncatingIfNeeded: address &- 1))
      return symbols.symbol(at: place, time: record.clock, epoch: record.epoch).name
    }
  }

  /// The ends of calls that ended without an exit, innermost first; behind a gap it may be the exits that are missing, and nothing is said.
  private func lines(_ task: Task, unwound: [OpenFunctions<String, UInt64>.Frame], from depth: Int) -> [[UInt8]] {
    if task.isInGap { return [] }
    return unwound.enumerated().compactMap { index, frame in
      frame.value == nil ? nil : line(task, nil, depth - 1 - index, "} /* \(frame.key ?? ""): unwound */")
    }
  }

  private mutating func symbol(of event: WorkerEvent, _ task: Task) -> CodeSymbol {
    symbols.symbol(
      at: trace.base + UInt(event.record.afterSite) - 5, time: event.record.clock, epoch: event.record.epoch)
  }

  private func line(_ task: Task, _ nanoseconds: UInt64?, _ depth: Int, _ text: String) -> [UInt8] {
    var line = task.column
    line += " | ".utf8
    line += (nanoseconds.map(Self.duration) ?? "              |  ").utf8
    line += String(repeating: "  ", count: depth).utf8
    line += text.utf8
    line.append(UInt8(ascii: "\n"))
    return line
  }

  /// Nanoseconds between two times of the clock; nil for one that has none.
  private func duration(from start: UInt64, to end: UInt64) -> UInt64? {
    guard let start = trace.calibration.nanoseconds(at: start), let end = trace.calibration.nanoseconds(at: end) else {
      return nil
    }
    return end > start ? end - start : 0
  }

  /// Seven digits of microseconds, with the mark before and the bar behind.
  static func duration(_ nanoseconds: UInt64) -> String {
    let marks: [(UInt64, Character)] = [
      (1_000_000_000, "$"), (100_000_000, "@"), (10_000_000, "*"), (1_000_000, "#"), (100_000, "!"), (10_000, "+"),
    ]
    let mark = marks.first { nanoseconds > $0.0 }?.1 ?? " "
    var number = String(nanoseconds / 1000)
    if number.count < 7 {
      let fraction = String(nanoseconds % 1000)
      let digits = String(repeating: "0", count: 3 - fraction.count) + fraction
      number += "." + digits.prefix(7 - number.count)
    }
    return "\(mark) \(number) us " + String(repeating: " ", count: max(0, 8 - number.count)) + "|  "
  }

  /// The thread, in the middle of 14 columns; seven of them are the name's.
  private static func column(_ name: String, _ threadID: Int32) -> [UInt8] {
    let text = "\(name.prefix(7))-\(threadID)"
    let room = max(0, 14 - text.count)
    let left = room / 2
    return Array((String(repeating: " ", count: 1 + left) + text + String(repeating: " ", count: room - left)).utf8)
  }

  private static func header(_ tracer: String) -> String {
    """
    # tracer: \(tracer)
    #
    #  TASK/PID         DURATION                  FUNCTION CALLS
    #   |    |           |   |                     |   |   |   |

    """
  }
}
