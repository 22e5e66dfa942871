import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence

/// The child of a fork gets the code as it was, in memory of its own, with all functions, ops and records; it has no daemon until it
/// installs a function.
extension RuntimeCore: ForkParticipant {
  var forkLocks: [FairLock] { requests.forkLocks + [daemon.forkLock] }

  func restForFork() {
    let state = requests.state.unlocked
    // A function that is called for the first time meanwhile is recorded by a later call.
    state.recordsAfterFork = unsafe ftrace_recorder_enabled(state.tables.recorder)
    unsafe ftrace_recorder_set_enabled(state.tables.recorder, 0)
  }

  func prepareFork(isAtRest: Bool) {
    let state = requests.state.unlocked
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
    // Whoever waited for the end of a callback is not there: the engine looks for itself.
    for index in state.leaving.indices { state.leaving[index].isUnattended = true }
    state.releaseClaims()
    unsafe ftrace_recorder_set_enabled(state.tables.recorder, state.recordsAfterFork)
  }
}

extension EngineState {
  /// Sites that a thread was about to record, which is not there any more: they are recorded by their next call.
  fileprivate func releaseClaims() {
    guard mayHaveOpenClaims else { return }
    mayHaveOpenClaims = false
    for site in stride(from: UInt32(0), to: highWater, by: 8)
    where unsafe ftrace_recorder_index(tables.recorder, site) == UInt32(FTRACE_INDEX_BUSY) {
      unsafe ftrace_recorder_set_index(tables.recorder, site, UInt32(FTRACE_INDEX_NONE))
    }
  }
}
