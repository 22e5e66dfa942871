import FtracePlatform
import FtraceQuiescence
import Glibc

/// Starts a thread; nil if the system has none to spare, and `body` is not run.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> pthread_t? {
  try? System.createThread(named: name, body)
}

/// Waits for a thread, parked.
package func join(_ thread: pthread_t) { parked { _ = pthread_join(thread, nil) } }

/// Lets a thread end by itself.
package func detach(_ thread: pthread_t) { pthread_detach(thread) }

/// Runs work that waits on a thread of its own, so that the cooperative pool is not blocked.
/// - Throws: `.system` if the system has no thread to spare, and the work has not begun; otherwise what it throws. It is not done on the
///   caller's thread instead: with as many who wait as the pool has threads, nobody could run whom they wait for.
func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws(FtraceError) -> Result
) async throws(FtraceError) -> Result {
  let result = await withCheckedContinuation {
    (continuation: CheckedContinuation<Swift.Result<Result, FtraceError>, Never>) in
    do throws(SystemError) {
      detach(
        try System.createThread(named: "ftrace-wait") {
          continuation.resume(returning: Swift.Result { () throws(FtraceError) in try body() })
        })
    } catch {
      continuation.resume(returning: .failure(.system(error)))
    }
  }
  return try result.get()
}
