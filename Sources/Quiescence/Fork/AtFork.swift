import CFtraceShims
import FtracePlatform

/// What happens around fork(2): what the child needs is at rest while it is copied, and the child becomes a process of its own.
///
/// Workers run while the kernel copies. They cannot be kept stopped until then: one that a signal stopped may hold a lock that fork(2)
/// itself wants after these handlers, as malloc's. So everything that changes under a lock is kept by holding the lock, and what workers
/// write without one is switched off before a stop, which makes sure that nobody is in the middle of it.
///
/// The handlers are installed before the first participant is made, so a program that never made a runtime pays nothing.
package enum AtFork {
  private final class Weak: Sendable {
    weak let participant: (any ForkParticipant)?
    init(_ participant: any ForkParticipant) { self.participant = participant }
  }

  /// Held across a fork, before every other lock.
  private static let list = ShortLocked<[Weak]>([])
  private final class WeakLock: Sendable {
    weak let lock: FairLock?
    init(_ lock: FairLock) { self.lock = lock }
  }

  /// Short locks that belong to no participant: of static state, of tracers.
  private static let others = ShortLocked<[WeakLock]>([])

  /// Whether the handlers are. Held across a fork as well: the child can make a runtime while the parent's threads were making some.
  private static let installed = ShortLocked(false)

  /// What takes part in the fork under way. Touched by the forking thread alone, with the lock of `list` held.
  private nonisolated(unsafe) static var taking: [any ForkParticipant] = []
  /// The locks that it holds, last taken first. Touched as `taking` is.
  private nonisolated(unsafe) static var held: [FairLock] = []

  /// Installs the handlers, where that has not been done.
  /// - Throws: `pthread_atfork` with `ENOMEM`; nothing was installed, and the next call tries again.
  package static func install() throws(SystemError) {
    try installed.withLock { installed throws(SystemError) in
      guard !installed else { return }
      try System.atFork(prepare: { AtFork.prepare() }, parent: { AtFork.parent() }, child: { AtFork.child() })
      installed = true
    }
  }

  /// Has a participant take part for as long as it lives. `install` has succeeded: whoever makes participants calls it first.
  package static func add(_ participant: any ForkParticipant) {
    parked {
      list.withLock { list in
        list.removeAll { $0.participant == nil }
        list.append(Weak(participant))
      }
    }
  }

  /// Has a short lock held across each fork, for as long as it lives.
  package static func add(_ lock: FairLock) {
    others.withLock { locks in
      locks.removeAll { $0.lock == nil }
      locks.append(WeakLock(lock))
    }
  }

  /// The locks that a fork holds, but for the stop lock: all that this package has. For tests, which freeze a worker in each.
  package static var locks: [(lock: FairLock, isShort: Bool)] {
    let participants = parked { list.withLock { $0.compactMap(\.participant) } }
    var locks: [(lock: FairLock, isShort: Bool)] = []
    for (outer, short) in participants.map(\.forkLocks) {
      locks += outer.map { ($0, false) }
      locks += short.map { ($0, true) }
    }
    locks += others.withLock { $0.compactMap(\.lock) }.map { ($0, true) }
    return locks + [others.lock, list.lock, installed.lock].map { ($0, true) }
  }

  private static func prepare() {
    ftrace_fork_park()
    installed.lock.acquire()
    list.lock.acquire()
    unsafe taking = list.unlocked.compactMap(\.participant)
    let own = unsafe taking.map(\.forkLocks)
    others.lock.acquire()
    let locks =
      own.flatMap(\.outer) + own.flatMap(\.short) + others.unlocked.compactMap(\.lock) + [Quiescence.stopLock]
    for lock in locks { lock.acquire() }
    unsafe held = locks.reversed()
    for participant in unsafe taking { participant.restForFork() }
    // Where nobody is left there is nothing to copy, and nothing that workers write.
    let stopped = ftrace_fork_prepare(
      unsafe !taking.isEmpty, Quiescence.defaultDeadline.wholeNanoseconds, Quiescence.spin.wholeNanoseconds,
      Quiescence.stopSignal == 0 ? .max : Quiescence.defaultGrace.wholeNanoseconds)
    for participant in unsafe taking { participant.prepareFork(isAtRest: stopped) }
  }

  private static func parent() {
    for participant in unsafe taking { participant.forkedInParent() }
    ftrace_fork_parent()
    for lock in unsafe held { lock.release() }
    finish { $0.release() }
  }

  private static func child() {
    for participant in unsafe taking { participant.adoptInChild() }
    ftrace_fork_child()
    for participant in unsafe taking { participant.repairInChild() }
    for lock in unsafe held { lock.reset() }
    finish { $0.reset() }
  }

  private static func finish(_ free: (FairLock) -> Void) {
    // Whoever holds the last reference to a participant now lets it go after the locks.
    let gone = unsafe taking
    unsafe taking = []
    unsafe held = []
    free(others.lock)
    free(list.lock)
    free(installed.lock)
    ftrace_fork_unpark()
    withExtendedLifetime(gone) {}
  }
}
