import CFtraceShims
import FtraceQuiescence
import Glibc

/// Starts a thread that runs `body`. Returns nil if the system has none to spare.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> pthread_t? {
  final class Box {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }
  let box = unsafe Unmanaged.passRetained(
    Box {
      // Safe: the C side copies the name.
      unsafe name.withCString { unsafe ftrace_name_thread($0) }
      body()
    })
  var thread = pthread_t()
  // Safe: the box is retained until the thread has taken it, or until the creation has failed.
  let error = unsafe pthread_create(
    &thread, nil,
    { context in
      if let context = unsafe context {
        unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
      }
      return nil
    }, box.toOpaque())
  guard error == 0 else {
    unsafe box.release()
    return nil
  }
  return thread
}

/// Waits for a thread, parked.
package func join(_ thread: pthread_t) { parked { _ = pthread_join(thread, nil) } }

/// Lets a thread end by itself.
package func detach(_ thread: pthread_t) { pthread_detach(thread) }

/// Runs work that waits on a thread of its own, so that the cooperative pool is not blocked.
func onOwnThread<Result: Sendable, Failure: Error>(
  _ body: @escaping @Sendable () throws(Failure) -> Result
) async throws(Failure) -> Result {
  let result = await withCheckedContinuation {
    (continuation: CheckedContinuation<Swift.Result<Result, Failure>, Never>) in
    let work: @Sendable () -> Void = {
      continuation.resume(returning: Swift.Result { () throws(Failure) in try body() })
    }
    guard let thread = startThread(named: "ftrace-wait", work) else { return work() }
    pthread_detach(thread)
  }
  return try result.get()
}
