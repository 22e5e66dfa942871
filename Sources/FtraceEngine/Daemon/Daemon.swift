import CFtraceShims
import FtraceQuiescence
import Glibc
import Synchronization

/// `ftraced`: a thread that wakes once a period and converts what became pending, and when it is asked for something that cannot wait.
final class Daemon: Sendable {
  private let period: Duration
  private let tick, urgent: @Sendable () -> Void
  private let running = ShortLocked<(thread: pthread_t, shared: Shared)?>(nil)

  /// What a thread keeps: not the daemon itself, so that its owner's end can end the thread.
  private final class Shared: Sendable {
    let stopping = Atomic<Bool>(false)
    let woken = Atomic<Bool>(false)
    let bell = Bell()
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
    running.withLock { running in
      guard running == nil else { return }
      let (shared, period, tick, urgent) = (Shared(), period, tick, urgent)
      let thread = startThread(named: "ftraced") {
        while Self.sleep(period, shared, urgent) { tick() }
      }
      running = thread.map { ($0, shared) }
    }
  }

  /// Has the thread do what is urgent, soon. Never waits.
  func wake() {
    guard let shared = running.withLock({ $0?.shared }) else { return }
    shared.woken.store(true, ordering: .releasing)  // pairs with the exchange in `sleep`
    shared.bell.ring()
  }

  /// Ends the thread and waits for it, unless it is the caller. It can be started again.
  func stop() {
    guard let (thread, shared) = running.withLock({ $0.take() }) else { return }
    shared.stopping.store(true, ordering: .releasing)  // pairs with the acquiring load in `sleep`
    shared.bell.ring()
    if pthread_equal(thread, pthread_self()) != 0 { detach(thread) } else { join(thread) }
  }

  /// Sleeps for a period; does what is urgent meanwhile. Returns false at the end.
  private static func sleep(_ period: Duration, _ shared: Shared, _ urgent: () -> Void) -> Bool {
    let end = ContinuousClock.now + period
    while !shared.stopping.load(ordering: .acquiring) {
      if shared.woken.exchange(false, ordering: .acquiring) { urgent() }
      let left = end - .now
      guard left > .zero else { return true }
      shared.bell.wait(atMost: left)
    }
    return false
  }

  // MARK: - Across a fork

  var forkLock: FairLock { running.lock }

  /// In the child: the thread is not there. The next function that is installed starts one.
  func forgetThread() { running.change { $0 = nil } }
}

/// Rings from any thread, a signal handler too, and is waited for by one.
@safe private final class Bell: Sendable {
  // Safe: allocated here, freed with the object; the C functions touch it by atomic operations alone.
  private nonisolated(unsafe) let word: UnsafeMutablePointer<UInt32>

  init() {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: 0)
  }

  deinit { unsafe word.deallocate() }

  func ring() { unsafe ftrace_bell_ring(word) }

  /// Returns when it has rung since the last time, or after a time.
  func wait(atMost duration: Duration) { unsafe ftrace_bell_wait(word, duration.wholeNanoseconds) }
}
