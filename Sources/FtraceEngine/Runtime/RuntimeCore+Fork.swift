import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence

/// The child of a fork gets the code as it was, in memory of its own, with all functions, ops and records; it has no daemon until it
/// installs a function.
///
/// In the child, before fork has returned, nothing here asks the Swift runtime for a type for which the handlers in the parent have not asked:
/// the runtime makes them under locks, and a thread that is not there may have held one.
extension RuntimeCore: ForkParticipant {
  var forkLocks: (outer: [FairLock], short: [FairLock]) {
    let (outer, short) = requests.forkLocks
    return (outer, short + [daemon.forkLock])
  }

  func restForFork() {
    let state = requests.state.unlocked
    // A function that is called for the first time meanwhile is recorded by a later call.
    state.recordsAfterFork = unsafe ftrace_recorder_enabled(state.tables.recorder)
    unsafe ftrace_recorder_set_enabled(state.tables.recorder, 0)
  }

  func prepareFork(isAtRest: Bool) {
    let state = requests.state.unlocked
    _ = state.forkImage.take()  // its type is made here, not in the child
    // Without a copy the child's code would show what the parent writes.
    state.forkImage = try? state.arena.prepareFork()
    state.mayHaveOpenClaims = !isAtRest
  }

  func forkedInParent() {
    let state = requests.state.unlocked
    state.forkImage = nil
    unsafe ftrace_recorder_set_enabled(state.tables.recorder, state.recordsAfterFork)
  }

  func adoptInChild() {
    let state = requests.state.unlocked
    guard let image = state.forkImage.take(), (try? state.arena.adopt(image)) != nil else {
      state.arena.deny()
      state.killedReason = "the code could not be copied for this child of fork(2)"
      return
    }
  }

  func repairInChild() {
    daemon.forgetThread()
    requests.forgetRequests()
    let state = requests.state.unlocked
    if daemonHasThread { state.startDaemon = { [weak daemon] in daemon?.start() } }
    // Whoever waited for the end of a callback is not there: the engine looks for itself. A loop that needs no type of its own.
    var index = 0
    while index < state.leaving.count {
      state.leaving[index].isUnattended = true
      index += 1
    }
    if state.mayHaveOpenClaims {
      state.mayHaveOpenClaims = false
      unsafe ftrace_recorder_release_claims(state.tables.recorder, state.highWater)
    }
    unsafe ftrace_recorder_set_enabled(state.tables.recorder, state.recordsAfterFork)
  }
}
