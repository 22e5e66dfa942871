import CFtraceTraceBuffer
import FtracePlatform

extension TraceBuffer {
  /// What is missing, of all workers that ever were. Exact when no worker runs; any thread. O(workers).
  public var losses: EventLosses { tally.losses }

  /// The workers that have events which were not read, and those that live. Any thread.
  public var workers: [TraceWorker] { tally.workers }

  /// Both, read once: what a worker loses meanwhile is missing in both or in none.
  var tally: (losses: EventLosses, workers: [TraceWorker]) {
    while true {
      let count = unsafe ftrace_buffer_rings(buffer)
      var losses = ftrace_losses()
      var views = Array(repeating: ftrace_worker_view(), count: Int(count))
      // Safe: there is room for so many.
      unsafe views.withUnsafeMutableBufferPointer {
        unsafe ftrace_buffer_books(buffer, &losses, $0.baseAddress, count)
      }
      // Another worker's losses would be in the sum alone.
      guard unsafe ftrace_buffer_rings(buffer) == count else { continue }
      return (EventLosses(losses), views.compactMap { $0.worker == 0 ? nil : TraceWorker($0) })
    }
  }

  /// Bytes of blocks that hold events, or are held by a reader: never more than `totalBytes`. Any thread.
  public var bytesInUse: Int { Int(unsafe ftrace_buffer_blocks_in_use(buffer)) * configuration.blockBytes }

  /// The first refusal of space for the file, nil if there was none: since then events may be lost by `.memory`. Any thread.
  public var spaceError: SystemError? {
    let error = unsafe ftrace_buffer_error(buffer)
    return error == 0 ? nil : SystemError(.fallocate, errno: error)
  }
}
