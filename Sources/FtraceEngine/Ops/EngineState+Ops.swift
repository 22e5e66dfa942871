import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence

/// Whether a registration takes effect at once.
public enum RegistrationStatus: Sendable, Hashable {
  /// The ops receives calls from now on.
  case active
  /// Tracing is off: the ops receives calls when it is switched on.
  case inactive
}

extension EngineState {
  func register(_ ops: TraceOps) throws(FtraceError) -> RegistrationStatus {
    if let killedReason { throw .killed(reason: killedReason) }
    guard !Quiescence.isInsideCallback else { throw .quiescence(.insideCallback) }
    guard !desired.ops.contains(where: { $0.ops === ops }) else { throw .alreadyRegistered(ops.name) }
    let taken = Set(desired.ops.map(\.number)).union(leaving.map(\.number))
    guard let number = (0..<Int(FTRACE_OPS_SLOTS)).first(where: { !taken.contains($0) }) else {
      throw .tooManyOps(limit: Int(FTRACE_OPS_SLOTS))
    }
    let registered = try makeRegistered(ops, number: number)
    var next = desired
    next.ops.insert(registered, at: 0)
    do throws(FtraceError) {
      _ = try commit(next, classChanges: try classChanges(of: registered, becoming: registered.filter))
    } catch {
      discard(registered)
      throw error
    }
    return desired.enabled ? .active : .inactive
  }

  /// Makes the callback unreachable. `finishUnregistering` follows when it is on no stack.
  func beginUnregistering(_ ops: TraceOps) throws(FtraceError) -> RegisteredOps {
    guard !Quiescence.isInsideCallback else { throw .quiescence(.insideCallback) }
    guard let index = desired.ops.firstIndex(where: { $0.ops === ops }) else { throw .notRegistered(ops.name) }
    let registered = desired.ops[index]
    var next = desired
    next.ops.remove(at: index)
    if killedReason != nil {
      // No site is written any more, and some may call their trampoline: the ops takes its thunk out of service itself.
      var plan = Plan()
      disarm(registered, in: &plan)
      _ = try run(&plan)
      desired = next
    } else {
      _ = try commit(
        next, classChanges: try classChanges(of: registered, becoming: nil), leaving: registered)
    }
    leaving.append(registered)
    return registered
  }

  func finishUnregistering(_ registered: RegisteredOps) {
    leaving.removeAll { $0.number == registered.number }
    // After a kill, sites may call the thunk for good: it stays, without its ops.
    if killedReason == nil { discard(registered) }
  }

  /// Changes the filter of a registered ops, in one stop.
  func setFilter(_ filter: TraceFilter, of ops: TraceOps) throws(FtraceError) {
    guard let index = desired.ops.firstIndex(where: { $0.ops === ops }) else { throw .notRegistered(ops.name) }
    var next = desired
    next.ops[index].filter = filter
    _ = try commit(next, classChanges: try classChanges(of: desired.ops[index], becoming: filter))
  }

  func setEnabled(_ enabled: Bool) throws(FtraceError) {
    if let killedReason { throw .killed(reason: killedReason) }
    guard enabled != desired.enabled else { return }
    var next = desired
    next.enabled = enabled
    // The recorder's own switch follows the code: while it is on the wrong side of it, calls are dispatched and not recorded.
    if !enabled { unsafe ftrace_recorder_set_enabled(tables.recorder, 0) }
    do throws(FtraceError) {
      _ = try commit(next)
    } catch {
      unsafe ftrace_recorder_set_enabled(tables.recorder, desired.enabled ? 1 : 0)
      throw error
    }
    if enabled { unsafe ftrace_recorder_set_enabled(tables.recorder, 1) }
  }

  // MARK: - Parts

  private func makeRegistered(_ ops: TraceOps, number: Int) throws(FtraceError) -> RegisteredOps {
    let recursions = unsafe try allocateSlot()
    let flag = ThreadBlock.opsActive(slot: slot.index, ops: number)
    do throws(FtraceError) {
      let thunk = try assemble { a in
        a.opsThunk(ops: ops, activeFlag: flag, recursions: UInt(bitPattern: recursions))
      }
      return unsafe RegisteredOps(
        ops: ops, number: number, filter: ops.filter, thunk: thunk, recursions: recursions)
    } catch {
      unsafe arena.freeSlot(recursions)
      throw error
    }
  }

  /// Retires the thunk of an ops that nothing calls. The ops itself goes at once: its thunk passes calls over, and its callback is on no
  /// stack.
  private func discard(_ registered: RegisteredOps) {
    let recursions = unsafe registered.recursions
    retireThunk(registered.thunk) { [arena] in unsafe arena.freeSlot(recursions) }
  }

  /// The sites whose class changes when the filter of an ops does; nil: it goes. O(functions), unless the ops is shared.
  private func classChanges(
    of registered: RegisteredOps, becoming filter: TraceFilter?
  ) throws(FtraceError) -> [ClassChange] {
    let bit = UInt32(1) << registered.number
    let isOwn = filter.map { !$0.isUnfiltered || registered.ops.wantsRegisters } ?? false
    var changes: [ClassChange] = []
    // An ops that was shared and stays so is in no class.
    guard isOwn || !registered.isShared || filter == nil else { return [] }
    if filter == nil && registered.isShared { return [] }
    for body in bodies.values where !body.isUnlinked && !isExcluded(body) {
      guard let first = body.siteOffsets.first else { continue }
      let old = classes[unsafe tables.desiredClass[Int(first >> 3)]]
      var new = old
      if isOwn, let filter, filter.matches(body.name) { new.members |= bit } else { new.members &= ~bit }
      if new != old { changes += classChanges(of: body, to: try classes.number(of: new)) }
    }
    return changes
  }
}
