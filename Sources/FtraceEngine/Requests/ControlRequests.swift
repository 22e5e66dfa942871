import CFtraceShims

/// Switches tracing on or off.
final class SetEnabledRequest: Request {
  private let enabled: Bool

  init(_ enabled: Bool) { self.enabled = enabled }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    if let reason = state.killedReason { throw .killed(reason: reason) }
    guard enabled != batch.next.enabled else { return }
    batch.next.enabled = enabled
    batch.wantsCommit = true
  }
}

/// Converts what is pending, now. Does nothing if nothing is.
final class ForceUpdateRequest: Request {
  private var converts = false

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    if let reason = state.killedReason { throw .killed(reason: reason) }
    guard unsafe ftrace_recorder_has_pending(state.tables.recorder) else { return }
    guard batch.next.enabled else { throw .busy }
    converts = true
    batch.wantsCommit = true
  }

  override func settle(in state: EngineState) throws(FtraceError) { if converts { try state.checkOverflow() } }
}

/// A turn of the daemon: more records where they are bounded, then the conversion of what is pending and the removal of what was
/// retired, in one stop.
final class TickRequest: Request {
  /// How far the daemon's clock is moved; nil: its thread says that a period has passed.
  private let duration: Duration?
  /// Turns to take; nil until the clock was moved.
  private var turns: Int?

  init(advancingClockBy duration: Duration? = nil) { self.duration = duration }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    // Once, although it may be served once more by itself.
    let turns = turns ?? (duration.map { state.turns(afterAdvancingClockBy: $0) } ?? 1)
    if self.turns == nil { state.statistics.ticks += turns }
    self.turns = turns
    guard turns > 0 else { return }
    batch.servesRetirements = true
    let converts =
      unsafe batch.next.enabled && state.killedReason == nil
      && ftrace_recorder_has_pending(state.tables.recorder)
    if converts { batch.wantsCommit = true }
    if state.shouldReclaim { batch.wantsUpkeep() }
  }

  override func settle(in state: EngineState) throws(FtraceError) {
    replenish(state)
    if turns != 0, state.killedReason == nil, state.desired.enabled { try state.checkOverflow() }
  }

  override func revert(in state: EngineState) { replenish(state) }

  private func replenish(_ state: EngineState) {
    guard state.killedReason == nil else { return }
    // Once there is enough, later turns add nothing.
    for _ in 0..<(turns ?? 0) { guard state.replenish() else { break } }
  }
}

/// Removes what was retired, without being a turn of the daemon.
final class ServeRetirementsRequest: Request {
  override func apply(to batch: inout Batch, in state: EngineState) { batch.servesRetirements = true }
}

/// Makes a stop if so much waits to be reclaimed that it is worth one.
final class UpkeepRequest: Request {
  override func apply(to batch: inout Batch, in state: EngineState) {
    if state.shouldReclaim { batch.wantsUpkeep() }
  }

  /// A worker is late: whoever defines the next function does not wait for it as well.
  override func revert(in state: EngineState) { state.waitForMore() }
}

/// One stop that drops the sites of unlinked bodies, and one that reclaims them, unless something refers to them.
final class ReclaimRequest: Request {
  override func apply(to batch: inout Batch, in state: EngineState) {
    batch.wantsCommit = true
    batch.wantsReclamation = true
  }
}

/// Ends tracing for good. What was asked for earlier is done before, what is asked for later meets a killed runtime.
final class KillRequest: Request {
  private let restoringSites: Bool
  private let reason: String

  init(restoringSites: Bool, reason: String) { (self.restoringSites, self.reason) = (restoringSites, reason) }

  override var standsAlone: Bool { true }

  override func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {
    try state.kill(restoringSites: restoringSites, reason: reason)
  }
}
