extension TraceBuffer {
  /// What becomes of an event that finds no room.
  public enum Mode: Sendable, Hashable {
    /// It takes the place of the oldest ones: a flight recorder.
    case overwrite
    /// It is counted as lost.
    case discard
  }

  /// Where the blocks are.
  public enum Backing: Sendable, Hashable {
    case memory
    /// A file that is made anew, and that holds what was recorded whatever becomes of the process. On tmpfs (`/dev/shm`): on a file system on a
    /// disk the traced threads stall in page faults.
    case file(String)
  }

  /// What a buffer is to be like; it does not change.
  public struct Configuration: Sendable, Hashable {
    /// What becomes of events that find no room.
    public var mode = Mode.overwrite
    /// Bytes of a block: a power of two from 4 KiB to 1 MiB.
    public var blockBytes = 64 << 10
    /// Bytes of all blocks of all workers together: never exceeded. A worker has one block open; with fewer than two for each worker that lives,
    /// events of some are lost.
    public var totalBytes = 64 << 20
    /// Bytes that one worker may hold, at least two blocks; nil: as much as all.
    public var workerBytes: Int?
    /// Workers with events at one time; the events of more are counted as lost.
    public var maximumWorkers = 1000
    /// Bytes of a file-backed ring for names of functions, beyond `totalBytes`.
    public var nameBytes = 4 << 20
    /// By what events are timed.
    public var clock = TraceClockKind.tsc
    /// Whose memory the rings are.
    public var backing = Backing.memory
    /// Name of the tracer, of at most 63 bytes of UTF-8.
    public var tracer = ""
    /// Executable addresses of the arena, which begins at a multiple of 4 GiB: what a return address in a frame is compared with.
    public var code: Range<UInt64> = 0..<0

    /// The defaults, as each member says.
    public init() {}
  }
}

extension TraceBuffer.Configuration {
  /// Throws if one of the values is out of its range.
  func validate() throws(TraceBufferError) {
    guard blockBytes.nonzeroBitCount == 1, (4096...1 << 20).contains(blockBytes) else {
      throw .badConfiguration("blockBytes is \(blockBytes): give a power of two from 4096 to 1048576")
    }
    guard totalBytes / blockBytes >= 2, totalBytes / blockBytes < 1 << 29 else {
      throw .badConfiguration("totalBytes is \(totalBytes): give room for 2 to 2^29 blocks of \(blockBytes) bytes")
    }
    if let workerBytes, workerBytes / blockBytes < 2 {
      throw .badConfiguration("workerBytes is \(workerBytes): give room for at least 2 blocks of \(blockBytes) bytes")
    }
    guard (1...1 << 20).contains(maximumWorkers) else {
      throw .badConfiguration("maximumWorkers is \(maximumWorkers): give 1 to 1048576")
    }
    guard (0...1 << 32).contains(nameBytes) else {
      throw .badConfiguration("nameBytes is \(nameBytes): give 0 to 4 GiB")
    }
    guard tracer.utf8.count < 64, !tracer.utf8.contains(0) else {
      throw .badConfiguration("the tracer's name is longer than 63 bytes, or has a zero in it: shorten it")
    }
  }
}
