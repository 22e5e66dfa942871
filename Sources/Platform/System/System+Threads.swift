import CFtraceShims
import Glibc

extension System {
  /// The commands of membarrier(2) that the package uses.
  package enum Membarrier: Int32, Sendable {
    case query = 0
    case privateExpedited = 8
    case registerPrivateExpedited = 16
    case privateExpeditedSyncCore = 32
    case registerPrivateExpeditedSyncCore = 64
  }

  /// membarrier(2) over all threads of the process. For `.query` the answer is the set of commands that the kernel knows.
  @discardableResult
  package static func membarrier(_ command: Membarrier) throws(SystemError) -> Int {
    try perform(.membarrier, arguments(Int(command.rawValue))) { ftrace_sys_membarrier(command.rawValue, 0, 0) }
  }

  /// How a wait on a futex ended. All but `timedOut` mean: look at the word again.
  package enum FutexWait: Sendable { case woken, valueChanged, interrupted, timedOut }

  /// futex(2), `FUTEX_WAIT_PRIVATE`: sleeps while the word holds `expected`, for at most `nanoseconds`, or without end if nil.
  ///
  /// `word` is 4-byte aligned and stays mapped through the wait.
  package static func futexWait(
    _ word: UnsafeRawPointer, expected: UInt32, nanoseconds: Int64? = nil
  ) throws(SystemError) -> FutexWait {
    let given = arguments(Int(bitPattern: word), Int(expected), Int(nanoseconds ?? -1))
    do {
      _ = try perform(.futexWait, given) {
        unsafe ftrace_sys_futex_wait(word, expected, nanoseconds.map { max($0, 0) } ?? -1)
      }
      return .woken
    } catch {
      switch error.errno {
      case EAGAIN: return .valueChanged
      case EINTR: return .interrupted
      case ETIMEDOUT: return .timedOut
      default: throw error
      }
    }
  }

  /// futex(2), `FUTEX_WAKE_PRIVATE`: wakes at most `count` waiters and answers how many.
  @discardableResult
  package static func futexWake(_ word: UnsafeRawPointer, count: Int32 = .max) throws(SystemError) -> Int {
    try perform(.futexWake, arguments(Int(bitPattern: word), Int(count))) {
      unsafe ftrace_sys_futex_wake(word, count)
    }
  }

  /// pthread_atfork(3): the handlers stay for the life of the process. `ENOMEM` says that none was installed.
  package static func atFork(
    prepare: @escaping @convention(c) () -> Void, parent: @escaping @convention(c) () -> Void,
    child: @escaping @convention(c) () -> Void
  ) throws(SystemError) {
    _ = try perform(.atFork) { -Int(ftrace_fork_install(prepare, parent, child)) }
  }

  /// pthread_create(3): a thread that runs `body` under a name, of which the kernel keeps 15 bytes. `EAGAIN`: the system has none to
  /// spare, and `body` is not run.
  /// - Returns: the thread, to be joined or detached once.
  package static func createThread(
    named name: String, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) -> pthread_t {
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
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
      if let context = unsafe context { unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }
    var thread = pthread_t()
    do throws(SystemError) {
      // Safe: the box is retained until the thread has taken it, or until the creation has failed.
      _ = try perform(.threadCreate) { unsafe -Int(pthread_create(&thread, nil, start, box.toOpaque())) }
    } catch {
      unsafe box.release()
      throw error
    }
    return thread
  }

  /// getpid(2). Never fails.
  package static var processID: Int32 { getpid() }

  /// gettid(2). Never fails.
  package static var threadID: Int32 { ftrace_sys_gettid() }

  /// tgkill(2): sends `signal` to one thread. `ESRCH` says that the thread has gone.
  package static func tgkill(process: Int32, thread: Int32, signal: Int32) throws(SystemError) {
    _ = try perform(.tgkill, arguments(Int(process), Int(thread), Int(signal))) {
      ftrace_sys_tgkill(process, thread, signal)
    }
  }

  // The pointers below are null or valid through the call, which copies what they point to.

  /// sigaction(2).
  package static func sigaction(
    _ signal: Int32, _ action: UnsafePointer<CFtraceShims.sigaction>?,
    old: UnsafeMutablePointer<CFtraceShims.sigaction>? = nil
  ) throws(SystemError) {
    _ = try perform(.sigaction, arguments(Int(signal))) { unsafe ftrace_sys_sigaction(signal, action, old) }
  }

  /// sigaltstack(2) of the calling thread.
  package static func sigaltstack(
    _ stack: UnsafePointer<stack_t>?, old: UnsafeMutablePointer<stack_t>? = nil
  ) throws(SystemError) {
    _ = try perform(.sigaltstack) { unsafe ftrace_sys_sigaltstack(stack, old) }
  }

  /// pthread_sigmask(3) of the calling thread; `how` is `SIG_BLOCK`, `SIG_UNBLOCK` or `SIG_SETMASK`.
  package static func sigmask(
    _ how: Int32, _ set: UnsafePointer<sigset_t>?, old: UnsafeMutablePointer<sigset_t>? = nil
  ) throws(SystemError) {
    _ = try perform(.sigmask, arguments(Int(how))) { unsafe ftrace_sys_sigmask(how, set, old) }
  }
}
