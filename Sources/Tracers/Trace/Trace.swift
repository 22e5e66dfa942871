import FtraceEngine
import FtraceTraceBuffer

/// Calls, as the tracer `function` records them: of all threads, and what is missing of them. A sequence of them in order of time.
public struct Trace: RecordedTrace {
  /// Name of the tracer.
  public let tracer: String
  /// Executable address of the start of the code: places in events count from it.
  public let base: UInt
  /// Times of its events.
  public let calibration: Calibration
  /// Calls that the tracer should have recorded and did not, by cause.
  public let losses: EventLosses
  /// Recorded calls.
  public let count: Int

  /// A thread with events.
  public struct Task: Sendable, Hashable {
    /// The kernel's name and id of the thread, and its events.
    public var name: String
    public var threadID: Int
    public var events: Int
  }

  /// Threads with events, in the order of their first ones.
  public let tasks: [Task]
  /// The blocks of each of `tasks`.
  let blocks: [[EventBlock]]
  let names: CodeNameIndex
  private var taken: [Trace] = []
  /// What the last `snapshot` trigger took: what was recorded before it. This trace is what was recorded since.
  public var snapshot: Trace? { taken.first }
  /// How often triggers should have acted and could not.
  public private(set) var missedTriggers = 0

  /// A trace that was taken out of a buffer, or read from a file. O(events).
  public init(_ contents: TraceSnapshot) {
    let recorded = RecordedWorkers(contents)
    var tasks: [Task] = []
    var blocks: [[EventBlock]] = []
    for (worker, own) in zip(recorded.workers, recorded.blocks) {
      var (events, stacks) = (0, 0)
      for block in own {
        block.decode { record in
          if record.kind == .entry { events += 1 } else if record.kind == .stack { stacks += 1 }
        }
      }
      if events + stacks == 0 { continue }
      tasks.append(Task(name: worker.name, threadID: Int(worker.threadID), events: events))
      blocks.append(own)
    }
    tracer = contents.tracer
    base = UInt(contents.code.lowerBound)
    calibration = contents.calibration
    losses = contents.losses
    count = tasks.reduce(0) { $0 + $1.events }
    names = CodeNameIndex(contents.names)
    (self.tasks, self.blocks) = (tasks, blocks)
  }

  /// What was recorded, once the recording is finished.
  init(_ contents: TraceSnapshot, _ recording: EventRecording) {
    self.init(contents)
    taken = recording.triggered.map { [Trace($0)] } ?? []
    missedTriggers = recording.missedTriggers
  }

  /// A trace without events.
  init(tracer: String) {
    self.tracer = tracer
    (base, count, tasks, blocks) = (0, 0, [], [])
    calibration = Calibration(clock: .ordinal)
    losses = EventLosses()
    names = CodeNameIndex([])
  }

  public var sums: [(name: String, value: Int)] {
    let lost = [losses.total, losses.entries, losses.exits].map { Int(clamping: $0) }
    return [
      ("entries", count), ("exits", 0), ("lost", lost[0]), ("lost_entries", lost[1]), ("lost_exits", lost[2]),
      ("unwound", 0), ("open", 0), ("open_at_start", 0), ("workers", tasks.count),
    ]
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try write(snapshot, missedTriggers, of: runtime, limit: limit, to: sink)
    try TraceText(self, RuntimeSymbols(runtime, clock: calibration.clock)).write(limit: limit, to: sink)
  }

  public func write<Failure: Error>(limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    try TraceText(self, RecordedSymbols(names, base: base)).write(limit: limit, to: sink)
  }
}

/// A recorded call.
public struct TraceEvent: Sendable, Hashable {
  /// Address of the site: the first byte of the function.
  public var ip: UInt
  /// The return address in the real caller.
  public var parentIP: UInt
  /// In the units of the trace's clock; `Trace.calibration` makes nanoseconds of it.
  public var time: UInt64
  /// Number of the processor; nil where the kernel does not tell.
  public var cpu: Int?
  /// Index of the thread in `Trace.tasks`.
  public var task: Int
  /// The words of the arguments, if they were recorded.
  public var arguments: [UInt64]
}

extension Trace: Sequence {
  public struct Iterator: IteratorProtocol {
    private var merged: MergedEvents
    private let base: UInt

    init(_ trace: Trace) {
      merged = MergedEvents(trace.blocks)
      base = trace.base
    }

    public mutating func next() -> TraceEvent? {
      while let (task, event) = merged.next() {
        guard event.record.kind == .entry else { continue }
        return TraceEvent(
          ip: base + UInt(event.record.afterSite) - 5, parentIP: UInt(event.record.parent ?? 0),
          time: event.record.clock, cpu: event.record.processor, task: task, arguments: Array(event.values))
      }
      return nil
    }
  }

  public func makeIterator() -> Iterator { Iterator(self) }
}
