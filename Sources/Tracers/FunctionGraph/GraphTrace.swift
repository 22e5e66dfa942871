import FtraceEngine
import FtraceTraceBuffer

/// Both ends of calls, worker by worker, and what is missing of them.
public struct GraphTrace: RecordedTrace {
  /// Name of the tracer.
  public let tracer: String
  /// Executable address of the start of the code: places in events count from it.
  public let base: UInt
  /// Times of the events.
  public let calibration: Calibration
  /// Events that are missing, by cause.
  public let losses: EventLosses
  /// Those with events, in the order of their numbers.
  public let workers: [TraceWorker]
  /// The events of each of `workers`, in order.
  public let blocks: [[EventBlock]]

  private var taken: [GraphTrace] = []
  /// What the last `snapshot` trigger took: what was recorded before it. This trace is what was recorded since.
  public var snapshot: GraphTrace? { taken.first }
  /// How often triggers should have acted and could not.
  public private(set) var missedTriggers = 0

  /// Names that came with the trace, for where no runtime is there to ask.
  let names: CodeNameIndex

  /// A trace that was taken out of a buffer, or read from a file.
  public init(_ contents: TraceSnapshot) {
    tracer = contents.tracer
    base = UInt(contents.code.lowerBound)
    calibration = contents.calibration
    losses = contents.losses
    names = CodeNameIndex(contents.names)
    let recorded = RecordedWorkers(contents)
    (workers, blocks) = (recorded.workers, recorded.blocks)
  }

  /// What was recorded, once the recording is finished.
  init(_ contents: TraceSnapshot, _ recording: EventRecording) {
    self.init(contents)
    taken = recording.triggered.map { [GraphTrace($0)] } ?? []
    missedTriggers = recording.missedTriggers
  }

  public var sums: [(name: String, value: Int)] {
    let counts = counts()
    return [
      ("entries", counts.entries), ("exits", counts.exits), ("lost", counts.lost),
      ("lost_entries", counts.lostEntries), ("lost_exits", counts.lostExits), ("unwound", counts.unwound),
      ("open", counts.openAtEnd), ("open_at_start", counts.openAtStart), ("workers", workers.count),
    ]
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try write(snapshot, missedTriggers, of: runtime, limit: limit, to: sink)
    var text = GraphText(self, RuntimeSymbols(runtime, clock: calibration.clock))
    try text.write(limit: limit, to: sink)
  }

  public func write<Failure: Error>(limit: Int? = nil, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = GraphText(self, RecordedSymbols(names, base: base))
    try text.write(limit: limit, to: sink)
  }
}
