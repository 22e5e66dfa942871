import FtracePlatform
import Glibc

/// A thread of the package's own, with all signals blocked.
@safe package final class HelperThread: Sendable {
  private let thread: pthread_t

  /// Starts a thread that runs `body`.
  /// - Throws: what pthread_create(3) fails with; it is not run then.
  package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var all = sigset_t()
    var before = sigset_t()
    // Safe: the sets live through the calls. The new thread inherits the mask, so no signal of the program's is handled on it.
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
    // Whichever way this goes on.
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    thread = try System.createThread(named: name, body)
  }

  /// Waits for its end.
  package func join() { pthread_join(thread, nil) }

  /// Lets it end by itself.
  package func detach() { pthread_detach(thread) }
}
