import CFtraceShims
import FtraceQuiescence
import Glibc
import Synchronization

/// `ftraced`: a thread that wakes once a period and converts what became pending.
final class Daemon: Sendable {
  private let period: Duration
  private let tick: @Sendable () -> Void
  private let thread = Mutex<pthread_t?>(nil)
  private let shared = Shared()

  /// What the thread keeps: not the daemon itself, so that its owner's end can end the thread.
  private final class Shared: Sendable {
    let stopping = Atomic<Bool>(false)
  }

  init(period: Duration, tick: @escaping @Sendable () -> Void) {
    self.period = period
    self.tick = tick
  }

  /// Starts the thread, if it does not run. Where the system has no thread to spare, pending sites wait for the next enabling.
  func start() {
    thread.withLock { thread in
      guard thread == nil else { return }
      let (shared, period, tick) = (shared, period, tick)
      thread = startThread(named: "ftraced") {
        while Self.sleep(period, unless: shared.stopping) { tick() }
      }
    }
  }

  /// Ends the thread and waits for it, unless it is the caller.
  func stop() {
    shared.stopping.store(true, ordering: .releasing)  // pairs with the acquiring load in `sleep`
    let running = thread.withLock { $0.take() }
    guard let running else { return }
    if pthread_equal(running, pthread_self()) != 0 { detach(running) } else { join(running) }
  }

  /// Sleeps for a period in steps short enough that an end is noticed soon. Returns false at the end.
  private static func sleep(_ period: Duration, unless stopping: borrowing Atomic<Bool>) -> Bool {
    var left = period
    let step = Duration.milliseconds(20)
    while left > .zero {
      if stopping.load(ordering: .acquiring) { return false }
      ftrace_sleep(min(left, step).wholeNanoseconds)
      left -= step
    }
    return !stopping.load(ordering: .acquiring)
  }
}
