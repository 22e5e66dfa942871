import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence

/// The child of a fork gets the code as it was, in memory of its own, with all functions, ops and records; it has no daemon until it
/// installs a function.
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
  /// Brings to an end what threads were recording that are not there any more, wherever in the recorder they were.
  fileprivate func releaseClaims() {
    guard mayHaveOpenClaims else { return }
    mayHaveOpenClaims = false
    let recorder = unsafe tables.recorder
    let pending = unsafe numbers(from: ftrace_recorder_pending(recorder))
    let free = unsafe numbers(from: UInt32(truncatingIfNeeded: ftrace_recorder_free(recorder)))
    // The lists are whole, and their counters follow them.
    let waiting = pending.count { unsafe tables.record($0).pointee.flags & UInt32(FTRACE_RECORD_DROPPED) == 0 }
    unsafe ftrace_recorder_set_pending_count(recorder, UInt32(waiting))
    unsafe ftrace_recorder_set_free_count(recorder, UInt32(free.count))
    var known = Set(pending).union(free)
    for site in stride(from: UInt32(0), to: highWater, by: 8) {
      // Claimed, and not given a record: it is recorded by its next call.
      if unsafe ftrace_recorder_index(recorder, site) == UInt32(FTRACE_INDEX_BUSY) {
        unsafe ftrace_recorder_set_index(recorder, site, UInt32(FTRACE_INDEX_NONE))
      }
      guard let number = tables.number(ofSite: site), known.insert(number).inserted else { continue }
      let record = unsafe tables.record(number).pointee
      // Given one that was not put on the list.
      if record.target == UInt32(FTRACE_TARGET_MCOUNT), record.flags == 0 {
        unsafe ftrace_recorder_push_pending(recorder, number)
      }
    }
    // Taken, and not given to a site.
    for index in 0..<UInt32(tables.count) where !known.contains(index + 1) {
      unsafe ftrace_recorder_give(recorder, index + 1)
    }
  }

  /// The records of a list.
  private func numbers(from head: UInt32) -> [UInt32] {
    var (numbers, next): ([UInt32], UInt32) = ([], head)
    while next != 0 {
      numbers.append(next)
      next = unsafe tables.record(next).pointee.next
    }
    return numbers
  }
}
