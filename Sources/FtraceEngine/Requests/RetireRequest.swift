import CFtraceShims

/// The removal of an ops for which nobody waits: it is tried with each commit and in each turn of the daemon until it succeeds.
final class RetireRequest: UnregisterRequest {
  private var attempts = 0

  override var isUnattended: Bool { true }

  /// Attempts after which the program is told, and again each time that their number has doubled.
  private static let patience = 10

  override func revert(in state: EngineState) {
    super.revert(in: state)
    attempts += 1
    let (rounds, rest) = attempts.quotientAndRemainder(dividingBy: Self.patience)
    guard rest == 0, rounds.nonzeroBitCount == 1 else { return }
    state.warnings.append(
      "the removal of the ops '\(ops.name)' was put off \(attempts) times, because a stop was not possible: it stays registered "
        + "until one is")
  }
}

extension EngineState {
  /// An ops is not registered any more, or was never: nothing is left to retire.
  func forgetRetirements(of ops: TraceOps) {
    // The requests may be the last to own an ops, whose end can run code of the program.
    garbage += retiring.filter { $0.ops === ops }
    retiring.removeAll { $0.ops === ops }
  }

  /// Gives back what belonged to ops that were retired, as soon as their callbacks are on no stack.
  func finishRetired() {
    for request in retiring where !desired.ops.contains(where: { $0.ops === request.ops }) {
      forgetRetirements(of: request.ops)
    }
    for registered in leaving where registered.isUnattended {
      guard !ftrace_registry_ops_active(slot.index, UInt32(registered.number)) else { continue }
      garbage.append(registered.ops)
      finishUnregistering(registered)
    }
  }
}
