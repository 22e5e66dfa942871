import FtraceQuiescence
import FtraceTestSupport
import Synchronization

/// Runs `body` on a thread of its own, and rethrows what it throws.
func onThread(_ body: @escaping @Sendable () throws -> Void) throws {
  let outcome = Outcome()
  onThreads(1) { _ in
    do { try body() } catch { outcome.error.withLock { $0 = error } }
  }
  if let error = outcome.error.withLock({ $0 }) { throw error }
}

private final class Outcome: Sendable {
  let error = Mutex<(any Error)?>(nil)
}

/// A stop that writes nothing.
@discardableResult
func stopWorkers(
  deadline: Duration = .seconds(30), grace: Duration? = Quiescence.defaultGrace
) throws(QuiesceError) -> StopReport {
  // Safe: there is neither a plan nor a scan.
  try unsafe Quiescence.stop(deadline: deadline, grace: grace)
}
