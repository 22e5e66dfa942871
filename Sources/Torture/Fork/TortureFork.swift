import CFtraceTorture
import Glibc
import Synchronization

/// A fork that the controller asks a worker for, which makes it from within emitted code.
///
/// No thread waits here: whoever forks finds the child's side in one piece, also if others are between any two steps.
final class TortureFork: Sendable {
  /// How long a child may take before it says itself that it hangs, in seconds.
  static let childSeconds: UInt32 = 20

  /// Where the request is; a number greater than zero is the child's id.
  private enum State {
    static let idle = 0
    static let wanted = -1
    static let claimed = -2
    static let failed = -3
  }

  private let state = Atomic<Int>(State.idle)
  /// Written by the controller while nobody claims, and taken by the one that has claimed.
  private let child = Mutex<TortureChild?>(nil)

  /// Nothing is asked for, and nobody is about to fork: what a child would use may go.
  var isIdle: Bool { state.load(ordering: .acquiring) == State.idle }

  /// Has the next worker that comes by fork. Only while idle.
  func ask(_ child: TortureChild) {
    self.child.withLock { $0 = child }
    // Pairs with the exchange in `forkIfAsked`.
    state.store(State.wanted, ordering: .releasing)
  }

  /// Takes the request back. Returns false if a worker has claimed it.
  func withdraw() -> Bool {
    guard state.compareExchange(expected: State.wanted, desired: State.claimed, ordering: .acquiring).exchanged else {
      return false
    }
    child.withLock { $0 = nil }
    state.store(State.idle, ordering: .releasing)
    return true
  }

  /// What became of the request: nil while nobody has forked, else the child's id, or 0 if fork(2) failed. It is idle then.
  func result() -> Int32? {
    // Pairs with the store at the end of `forkIfAsked`.
    let value = state.load(ordering: .acquiring)
    guard value > 0 || value == State.failed else { return nil }
    state.store(State.idle, ordering: .releasing)
    return Int32(max(0, value))
  }

  /// Forks if the controller has asked for it. On a worker, inside a closure that emitted code calls; the child does not return.
  func forkIfAsked() {
    guard state.load(ordering: .relaxed) == State.wanted,
      state.compareExchange(expected: State.wanted, desired: State.claimed, ordering: .acquiring).exchanged,
      let child = child.withLock({ $0.take() })
    else { return }
    let id = torture_fork(Self.childSeconds)
    if id == 0 { child.run() }
    state.store(id > 0 ? Int(id) : State.failed, ordering: .releasing)
  }
}
