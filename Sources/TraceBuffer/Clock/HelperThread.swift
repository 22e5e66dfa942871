import CFtraceShims
import FtracePlatform
import Glibc

/// A thread of the package's own, with all signals blocked.
@safe package final class HelperThread: Sendable {
  private let thread: pthread_t

  /// Starts a thread that runs `body`.
  /// - Throws: what pthread_create(3) fails with.
  package init(named name: StaticString, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    final class Box {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
    }
    // Safe: a StaticString ends in a zero and lives for ever; the C side copies it.
    let box = unsafe Unmanaged.passRetained(
      Box {
        name.withUTF8Buffer {
          unsafe ftrace_name_thread(UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self))
        }
        body()
      })
    var all = sigset_t()
    var before = sigset_t()
    // Safe: the sets live through the calls. The new thread inherits the mask, so no signal of the program's is handled on it.
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
    // Whichever way this goes on.
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    do throws(SystemError) {
      // Safe: the box is retained until the thread has taken it, or until the creation has failed.
      thread = try unsafe System.createThread(
        { context in
          if let context = unsafe context { unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
          return nil
        }, box.toOpaque())
    } catch {
      unsafe box.release()
      throw error
    }
  }

  /// Waits for its end.
  package func join() { pthread_join(thread, nil) }

  /// Lets it end by itself.
  package func detach() { pthread_detach(thread) }
}
