import CFtraceShims

/// The statistics of the process.
extension Quiescence {
  /// What every stop of this process did and cost, those of all runtimes included: a consistent picture of one moment.
  ///
  /// Waits while a stop is under way, in turn with those that ask for one; a worker counts as parked meanwhile. Any thread may call
  /// this, also inside a tracer's callback; not an observer of a stop, nor a signal handler.
  public static var statistics: StopStatistics {
    stopLock.withLock { unsafe recorded }
  }

  /// Starts the statistics of the process anew. Those of the runtimes go on.
  ///
  /// Waits, and may be called, as ``statistics``.
  /// - Returns: what had been recorded; no stop falls between this and the new beginning.
  @discardableResult
  public static func resetStatistics() -> StopStatistics {
    stopLock.withLock {
      defer { unsafe recorded = StopStatistics() }
      return unsafe recorded
    }
  }

  /// Safe: touched with the stop lock held alone.
  nonisolated(unsafe) private static var recorded = StopStatistics()

  /// Counts what became of a request. The caller holds the stop lock, and has released the workers.
  /// - Returns: the name of the last worker to arrive.
  static func record(
    _ request: borrowing ftrace_stop, of plan: UnsafeMutablePointer<ftrace_plan>?
  ) -> WorkerName {
    // Safe: read for the call alone.
    let last = unsafe withUnsafePointer(to: request) { WorkerName(unsafe ftrace_stop_last_name($0)) }
    switch unsafe request.status {
    case FTRACE_STOP_DONE.rawValue:
      unsafe recorded.record(
        timeToStop: request.time_to_stop_ns, timeStopped: request.time_stopped_ns,
        sitesWritten: plan.map { unsafe $0.pointee.written } ?? 0,
        batchSize: plan.map { unsafe $0.pointee.patch_count } ?? 0,
        lastWorker: request.last_tid == 0 ? nil : last)
    case FTRACE_STOP_LATE.rawValue: unsafe recorded.lateStops += 1
    default: unsafe recorded.refusedStops += 1
    }
    return last
  }
}
