import CFtraceShims

/// Frees functions: calls through their slots trap from here on, and their sites are dropped in the stop.
///
/// If the stop is not possible, what was freed is so all the same, and its memory follows with a later stop.
final class FreeRequest: Request {
  private let functions: [FunctionEntity]
  private let force: Bool
  /// What came of each function.
  enum Result {
    case waiting
    case freed
    case refused(FtraceError)
    /// Only bodies that are gone themselves refer to it, and perhaps nobody is in them any more.
    case calledByUnlinked(FtraceError)

    var error: FtraceError? {
      switch self {
      case .waiting, .freed: nil
      case .refused(let error), .calledByUnlinked(let error): error
      }
    }
  }
  private(set) var results: [Result]

  init(_ functions: [FunctionEntity], force: Bool) {
    self.functions = functions
    self.force = force
    results = Array(repeating: .waiting, count: functions.count)
  }

  /// Whether some can be freed once bodies are reclaimed.
  var waitsForReclamation: Bool { results.contains { if case .calledByUnlinked = $0 { true } else { false } } }

  override func apply(to batch: inout Batch, in state: EngineState) {
    // Served once more by itself if there was no plan for all: what is freed stays so.
    for index in functions.indices {
      if case .waiting = results[index] { results[index] = state.free(functions[index], force: force) }
    }
    // Callers may have gone after those that they call were looked at.
    for index in functions.indices {
      if case .refused(.stillCalled) = results[index] { results[index] = state.free(functions[index], force: force) }
    }
    if results.contains(where: { if case .freed = $0 { true } else { false } }) { batch.wantsCommit = true }
  }
}

/// Renames a function.
final class RenameRequest: Request {
  private let function: FunctionEntity
  private let name: String
  private var old: (name: String, body: FunctionBody?)?

  init(_ function: FunctionEntity, to name: String) { (self.function, self.name) = (function, name) }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    guard function.state != .freed else { throw .functionFreed(function.name) }
    guard name != function.name else { return }
    guard state.functionsByName[name] == nil else { throw .nameTaken(name) }
    if let body = function.body, state.killedReason == nil {
      let new = try state.siteClass(
        of: name, excluded: state.isExcluded(body), traits: body.traits, for: batch.next.ops)
      let changes = state.classChanges(of: body, to: new)
      batch.change(changes, in: state.tables)
      if !changes.isEmpty { batch.wantsCommit = true }
    }
    old = (function.name, function.body)
    // At once: the filters of later requests see the new name.
    setName(name, from: function.name, in: state)
  }

  override func settle(in state: EngineState) {
    guard let (name, body) = old else { return }
    guard let body else {
      // Where there is no memory it traps with its old name.
      if function.state == .declared { try? state.setUndefinedTrap(of: function) }
      return
    }
    state.names.record(
      start: body.block.offset, size: body.block.size, name: name, body.signature, since: body.installedAt)
    body.installedAt = ftrace_rdtsc()
    // One that was freed in the same batch keeps its name to its end.
    state.tellObservers(body)
  }

  override func revert(in state: EngineState) {
    if let old { setName(old.name, from: name, in: state) }
    old = nil
  }

  private func setName(_ name: String, from previous: String, in state: EngineState) {
    function.name = name
    old?.body?.name = name
    function.body?.name = name
    // One that was freed meanwhile has given its name back.
    guard function.state != .freed else { return }
    state.functionsByName[previous] = nil
    state.functionsByName[name] = function
  }
}
