import CFtraceTraceBuffer
import FtracePlatform

/// What was recorded up to a moment, with all that is needed to read it: taken from a buffer, or read from a file.
public struct TraceSnapshot: Sendable {
  /// Name of the tracer that recorded it.
  public var tracer: String
  /// Kernel id of the process.
  public var process: Int32
  /// CLOCK_REALTIME when the recording was begun, nanoseconds since 1970.
  public var realtime: UInt64
  /// Executable addresses of the arena.
  public var code: Range<UInt64>
  /// Bytes of a block in a file.
  public var blockBytes: Int
  /// Of the events, with samples by which its times become CLOCK_MONOTONIC.
  public var calibration: Calibration
  /// By worker, and by sequence within each.
  public var blocks: [EventBlock]
  /// Those of the blocks, and others that had losses.
  public var workers: [TraceWorker]
  /// In the order in which they were added; ``CodeNameIndex`` finds them by address.
  public var names: [CodeName]
  /// Of all workers.
  public var losses: EventLosses

  /// Of the events.
  public var clock: TraceClockKind { calibration.clock }

  /// Puts a snapshot together, for tests and tools; its members say what is what.
  public init(
    tracer: String, process: Int32, realtime: UInt64, code: Range<UInt64>, blockBytes: Int, calibration: Calibration,
    blocks: [EventBlock], workers: [TraceWorker] = [], names: [CodeName] = [], losses: EventLosses = EventLosses()
  ) {
    (self.tracer, self.process, self.realtime, self.code) = (tracer, process, realtime, code)
    (self.blockBytes, self.calibration, self.blocks) = (blockBytes, calibration, blocks)
    (self.workers, self.names, self.losses) = (workers, names, losses)
  }

  /// The same with the losses since an earlier one of the same buffer, where all are counted as long as the buffer lives.
  public func since(_ earlier: TraceSnapshot) -> TraceSnapshot {
    var snapshot = self
    snapshot.losses = losses - earlier.losses
    let before = Dictionary(earlier.workers.map { ($0.number, $0.losses) }) { $1 }
    for index in workers.indices {
      snapshot.workers[index].losses = workers[index].losses - (before[workers[index].number] ?? EventLosses())
    }
    return snapshot
  }

  mutating func sort() {
    blocks.sort {
      ($0.header.worker, $0.header.sequence, $0.start) < ($1.header.worker, $1.header.sequence, $1.start)
    }
  }
}

extension TraceBuffer {
  /// Takes everything that was recorded up to now out of the buffer, as ``takeBlocks()`` does; workers go on. Any thread outside of callbacks.
  public func snapshot() -> TraceSnapshot {
    // Where the file has no space for the sample the times are extrapolated.
    try? calibrate()
    let workers = workers
    let blocks = takeBlocks()
    return describe(blocks, workers)
  }

  /// A snapshot that takes nothing: ``peek()``. Any thread outside of callbacks.
  public func copy() -> TraceSnapshot {
    try? calibrate()
    let workers = workers
    return describe(peek(), workers)
  }

  func describe(_ blocks: [EventBlock], _ earlier: [TraceWorker]) -> TraceSnapshot {
    // Safe: the head is written under the lock alone.
    let (head, code, names, calibration) = control.withLock { control in
      (unsafe self.blocks.start.load(as: ftrace_file_header.self), control.code, control.log.names, control.calibration)
    }
    // A ring whose last block was taken is free: its worker is known from before.
    var workers = Dictionary(earlier.map { ($0.number, $0) }) { $1 }
    let tally = tally
    for worker in tally.workers { workers[worker.number] = worker }
    var snapshot = TraceSnapshot(
      tracer: configuration.tracer, process: Int32(bitPattern: head.process), realtime: head.realtime, code: code,
      blockBytes: configuration.blockBytes, calibration: calibration, blocks: blocks,
      workers: workers.values.sorted { $0.number < $1.number }, names: names, losses: tally.losses)
    snapshot.sort()
    return snapshot
  }
}
