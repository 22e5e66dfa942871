import CFtraceTraceBuffer
import FtracePlatform

extension TraceBuffer {
  /// What is missing, of all workers that ever were. Exact when no worker runs; any thread. O(workers).
  public var losses: EventLosses {
    var losses = ftrace_losses()
    unsafe ftrace_buffer_losses(buffer, &losses)
    return EventLosses(losses)
  }

  /// The workers that have events which were not read, and those that live. Any thread.
  public var workers: [TraceWorker] {
    (0..<(unsafe ftrace_buffer_rings(buffer))).compactMap { index in
      var view = ftrace_worker_view()
      unsafe ftrace_buffer_worker(buffer, index, &view)
      return view.worker == 0 ? nil : TraceWorker(view)
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
