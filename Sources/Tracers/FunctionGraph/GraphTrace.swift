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

  /// Names that came with the trace, for where no runtime is there to ask.
  private let names: CodeNameIndex

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

  /// How many events of each kind there are, over all workers. Linear.
  public func counts() -> Counts {
    var counts = Counts()
    counts.lost = Int(losses.total)
    for index in workers.indices {
      var depth = 0
      for block in blocks[index] {
        for record in block {
          switch record.kind {
          case .entry:
            counts.entries += 1
            depth += 1
          case .exit:
            counts.exits += 1
            if depth > 0 { depth -= 1 } else { counts.openAtStart += 1 }
          case .unwound:
            let count = Int(record.count)
            counts.unwound += count
            counts.openAtStart += max(0, count - depth)
            depth = max(0, depth - count)
          case .loss, .resync, .values: break
          }
        }
      }
      counts.openAtEnd += depth
    }
    return counts
  }

  /// Sums over a trace.
  public struct Counts: Sendable, Hashable {
    public var entries = 0
    public var exits = 0
    /// Events of both kinds that are missing.
    public var lost = 0
    /// Functions that ended without an exit.
    public var unwound = 0
    /// Exits of functions whose entry is not in the trace, and entries of those that had not ended.
    public var openAtStart = 0
    public var openAtEnd = 0

    public init(
      entries: Int = 0, exits: Int = 0, lost: Int = 0, unwound: Int = 0, openAtStart: Int = 0, openAtEnd: Int = 0
    ) {
      (self.entries, self.exits, self.lost) = (entries, exits, lost)
      (self.unwound, self.openAtStart, self.openAtEnd) = (unwound, openAtStart, openAtEnd)
    }
  }

  public var sums: [(name: String, value: Int)] {
    let counts = counts()
    return [
      ("entries", counts.entries), ("exits", counts.exits), ("lost", counts.lost),
      ("lost_entries", Int(losses.entries)), ("lost_exits", Int(losses.exits)), ("unwound", counts.unwound),
      ("open", counts.openAtEnd), ("open_at_start", counts.openAtStart), ("workers", workers.count),
    ]
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var text = GraphText(self, RuntimeSymbols(runtime, clock: calibration.clock))
    try text.write(limit: limit, to: sink)
  }

  public func write<Failure: Error>(limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = GraphText(self, RecordedSymbols(names, base: base))
    try text.write(limit: limit, to: sink)
  }
}
