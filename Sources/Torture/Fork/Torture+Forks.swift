import CFtraceTorture
import Glibc

/// A child of this process that has not been reaped.
struct LiveChild {
  var id: Int32
  var deadline: ContinuousClock.Instant
}

/// The parent's side of forks: one child at a time, made by the controller or by a worker, and looked after until it has ended.
extension Torture {
  /// Longer than a child takes to say itself that it hangs.
  private static let patience = Duration.seconds(30)

  /// Goes on with what is under way, and begins a fork when it is time for one.
  func tendForks() {
    if let id = forking.result() { noteFork(id) }
    reap()
    guard child == nil, clock.now >= nextFork else { return }
    if !forking.isIdle {
      // No worker came by a closure for long: a graph without one.
      guard forking.withdraw() else { return }
      return forkHere()
    }
    nextFork = clock.now + .milliseconds(Int64.random(in: 100...400, using: &generator))
    if Bool.random(using: &generator) { forking.ask(newChild()) } else { forkHere() }
  }

  /// Waits for the child that is left, if any.
  func finishForks() {
    if !forking.isIdle, !forking.withdraw() {
      // The worker that has claimed it is about to fork, or has.
      while true {
        if let id = forking.result() {
          noteFork(id)
          break
        }
        usleep(1_000)
      }
    }
    while child != nil {
      reap()
      usleep(1_000)
    }
  }

  /// Does once what children will do, on a runtime of its own: the Swift runtime makes metadata where it is needed first, under locks
  /// that another thread may hold at a fork, and a child that needs one of these waits for ever.
  static func rehearseForks(_ options: TortureOptions) throws {
    var few = TortureOptions()
    few.functions = 16
    few.threads = 1
    few.seed = options.seed
    let torture = try Torture(few)
    torture.ledger.books.adopter(worker: few.threads, seed: 1)()
    try torture.defineFunctions()
    try torture.newChild().check()
  }

  private func newChild() -> TortureChild {
    let thread = TortureThread(.child, incarnation: report.forks)
    return TortureChild(
      runtime: runtime, functions: functions, handles: handles, seed: thread.seed(of: options.seed),
      number: thread.number)
  }

  private func forkHere() {
    let next = newChild()
    let id = torture_fork(TortureFork.childSeconds)
    if id == 0 { next.run() }
    noteFork(max(0, id))
  }

  private func noteFork(_ id: Int32) {
    guard id > 0 else { return ledger.note("fork failed") }
    report.forks += 1
    child = LiveChild(id: id, deadline: clock.now + Self.patience)
  }

  private func reap() {
    guard let live = child else { return }
    var status: Int32 = 0
    // Safe: it is written before the call returns.
    if unsafe torture_reap(live.id, &status) != 0 {
      child = nil
      if status > 0 { ledger.note("a child of fork(2) ended with \(status); see standard error") }
      if status < 0 { ledger.note("a child of fork(2) was ended by signal \(-status)") }
    } else if clock.now >= live.deadline {
      child = nil
      kill(live.id, SIGKILL)
      while unsafe torture_reap(live.id, &status) == 0 { usleep(1_000) }
      ledger.note("a child of fork(2) did not end")
    }
  }
}
