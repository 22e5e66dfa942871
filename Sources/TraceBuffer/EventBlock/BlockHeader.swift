import CFtraceTraceBuffer

/// What the head of a block of events says.
public struct BlockHeader: Sendable, Hashable {
  /// Whose events these are; numbers count from 1 and are never used twice.
  public var worker: UInt32
  /// Counts from 1 in each worker's stream: a number that is missing was overwritten, or is in another place.
  public var sequence: UInt64
  /// The clock when the block was opened.
  public var clock: UInt64
  /// Of the code where the block was opened; ``TraceRecord/epoch`` is that of a record.
  public var epoch: UInt32
  /// Kernel thread id of the worker.
  public var threadID: Int32
  /// Events of this worker that were lost before the block, of all causes.
  public var lostEntries: UInt64
  public var lostExits: UInt64
  /// False of a block that was still being written when it was copied, or when its process ended.
  public var isClosed: Bool

  public init(
    worker: UInt32, sequence: UInt64, clock: UInt64, epoch: UInt32 = 0, threadID: Int32 = 0, lostEntries: UInt64 = 0,
    lostExits: UInt64 = 0, isClosed: Bool = true
  ) {
    self.worker = worker
    self.sequence = sequence
    self.clock = clock
    self.epoch = epoch
    self.threadID = threadID
    self.lostEntries = lostEntries
    self.lostExits = lostExits
    self.isClosed = isClosed
  }

  init(_ header: ftrace_block_header) {
    self.init(
      worker: header.worker, sequence: header.sequence, clock: header.clock, epoch: header.epoch,
      threadID: header.tid, lostEntries: header.lost.0, lostExits: header.lost.1, isClosed: header.used != 0)
  }

  /// As bytes of a file, for a block of so many.
  func encoded(used: Int, start: Int) -> ftrace_block_header {
    ftrace_block_header(
      magic: UInt32(FTRACE_BLOCK_MAGIC), kind: UInt32(FTRACE_BLOCK_EVENTS), worker: worker, used: UInt32(used),
      sequence: sequence, clock: clock, epoch: epoch, tid: threadID, lost: (lostEntries, lostExits),
      start: UInt64(start))
  }
}
