import CFtraceShims
import FtraceQuiescence
import Glibc
import Synchronization

/// `ftraced`: a thread that wakes once a period and converts what became pending, and when it is asked for something that cannot wait.
final class Daemon: Sendable {
  private let period: Duration
  private let tick, urgent: @Sendable () -> Void
  private let thread = ShortLocked<pthread_t?>(nil)
  private let shared = Shared()

  /// What the thread keeps: not the daemon itself, so that its owner's end can end the thread.
  private final class Shared: Sendable {
    let stopping = Atomic<Bool>(false)
    let woken = Atomic<Bool>(false)
  }

  /// - Parameters:
  ///   - period: time between two ticks.
  ///   - tick: runs once a period.
  ///   - wake: runs soon after `wake()`.
  init(period: Duration, tick: @escaping @Sendable () -> Void, wake: @escaping @Sendable () -> Void) {
    self.period = period
    self.tick = tick
    urgent = wake
  }

  /// Starts the thread, if it does not run. Where the system has no thread to spare, pending sites wait for the next enabling.
  func start() {
    thread.withLock { thread in
      guard thread == nil else { return }
      let (shared, period, tick, urgent) = (shared, period, tick, urgent)
      thread = startThread(named: "ftraced") {
        while Self.sleep(period, shared, urgent) { tick() }
      }
    }
  }

  /// Has the thread do what is urgent, soon. Never waits.
  func wake() { shared.woken.store(true, ordering: .releasing) }  // pairs with the exchange in `sleep`

  /// Ends the thread and waits for it, unless it is the caller.
  func stop() {
    shared.stopping.store(true, ordering: .releasing)  // pairs with the acquiring load in `sleep`
    let running = thread.withLock { $0.take() }
    guard let running else { return }
    if pthread_equal(running, pthread_self()) != 0 { detach(running) } else { join(running) }
  }

  /// Sleeps for a period in steps short enough that a wake or an end is noticed soon. Returns false at the end.
  private static func sleep(_ period: Duration, _ shared: Shared, _ urgent: () -> Void) -> Bool {
    var left = period
    let step = Duration.milliseconds(20)
    while left > .zero {
      if shared.stopping.load(ordering: .acquiring) { return false }
      if shared.woken.exchange(false, ordering: .acquiring) { urgent() }
      ftrace_sleep(min(left, step).wholeNanoseconds)
      left -= step
    }
    return !shared.stopping.load(ordering: .acquiring)
  }

  // MARK: - Across a fork

  var forkLock: FairLock { thread.lock }

  /// In the child: the thread is not there. The next function that is installed starts one.
  func forgetThread() { thread.change { $0 = nil } }
}
