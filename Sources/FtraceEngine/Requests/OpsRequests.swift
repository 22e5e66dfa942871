import CFtraceShims
import FtraceQuiescence

/// Puts an ops at the head of the list.
final class RegisterRequest: Request {
  private let ops: TraceOps
  private var registered: RegisteredOps?
  private(set) var status = RegistrationStatus.active

  init(_ ops: TraceOps) { self.ops = ops }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    if let reason = state.killedReason { throw .killed(reason: reason) }
    guard !batch.next.ops.contains(where: { $0.ops === ops }) else { throw .alreadyRegistered(ops.name) }
    let taken = Set((batch.next.ops + batch.leaving + state.leaving).map(\.number)).union(state.compiledNumbers)
    guard let number = (0..<Int(FTRACE_OPS_SLOTS)).first(where: { !taken.contains($0) }) else {
      throw .tooManyOps(limit: Int(FTRACE_OPS_SLOTS))
    }
    let registered = try state.makeRegistered(ops, number: number)
    do throws(FtraceError) {
      try state.changeClasses(of: registered, becoming: registered.filter, in: &batch)
    } catch {
      state.discard(registered)
      throw error
    }
    self.registered = registered
    batch.next.ops.insert(registered, at: 0)
    batch.wantsCommit = true
  }

  override func settle(in state: EngineState) { status = state.desired.enabled ? .active : .inactive }

  override func revert(in state: EngineState) {
    if let registered { state.discard(registered) }
    registered = nil
  }
}

/// Makes the callback of an ops unreachable. `EngineState.finishUnregistering` follows when it is on no stack.
class UnregisterRequest: Request {
  let ops: TraceOps
  /// The ops in its place, once it has left it.
  private(set) var registered: RegisteredOps?
  /// Whether nobody waits for the callback: the engine looks by itself whether it is on no stack.
  var isUnattended: Bool { false }

  init(_ ops: TraceOps) { self.ops = ops }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    guard let index = batch.next.ops.firstIndex(where: { $0.ops === ops }) else { throw .notRegistered(ops.name) }
    var registered = batch.next.ops[index]
    if state.killedReason == nil {
      try state.changeClasses(of: registered, becoming: nil, in: &batch)
    }
    registered.isUnattended = isUnattended
    self.registered = registered
    batch.next.ops.remove(at: index)
    batch.leaving.append(registered)
    batch.wantsCommit = true
  }

  override func settle(in state: EngineState) throws(FtraceError) {
    if let registered { state.leaving.append(registered) }
    state.forgetRetirements(of: ops)
  }

  override func revert(in state: EngineState) { registered = nil }
}

/// Changes the filter of a registered ops.
final class SetFilterRequest: Request {
  private let filter: TraceFilter
  private let ops: TraceOps

  init(_ filter: TraceFilter, _ ops: TraceOps) { (self.filter, self.ops) = (filter, ops) }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    if let reason = state.killedReason { throw .killed(reason: reason) }
    guard let index = batch.next.ops.firstIndex(where: { $0.ops === ops }) else { throw .notRegistered(ops.name) }
    try state.changeClasses(of: batch.next.ops[index], becoming: filter, in: &batch)
    batch.next.ops[index].filter = filter
    batch.wantsCommit = true
  }
}
