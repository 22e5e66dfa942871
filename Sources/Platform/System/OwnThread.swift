import Glibc

/// Runs work that waits on a thread of its own, so that the cooperative pool is not blocked.
/// - Parameter refused: makes the error if the system has no thread to spare, and the work has not begun. It is not done on the caller's
///   thread instead: with as many who wait as the pool has threads, nobody could run whom they wait for.
package func onOwnThread<Result: Sendable, Failure: Error>(
  else refused: (SystemError) -> Failure, _ body: @escaping @Sendable () throws(Failure) -> Result
) async throws(Failure) -> Result {
  let result = await withCheckedContinuation {
    (continuation: CheckedContinuation<Swift.Result<Result, Failure>, Never>) in
    do throws(SystemError) {
      let thread = try System.createThread(named: "ftrace-wait") {
        continuation.resume(returning: Swift.Result { () throws(Failure) in try body() })
      }
      pthread_detach(thread)
    } catch {
      continuation.resume(returning: .failure(refused(error)))
    }
  }
  return try result.get()
}
