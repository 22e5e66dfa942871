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
