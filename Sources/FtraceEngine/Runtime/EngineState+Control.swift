import CFtraceShims
import FtraceQuiescence

extension EngineState {
  /// Converts what is pending, now. Does nothing if nothing is.
  func forceUpdate() throws(FtraceError) {
    if let killedReason { throw .killed(reason: killedReason) }
    guard unsafe ftrace_recorder_has_pending(tables.recorder) else { return }
    guard desired.enabled else { throw .busy }
    _ = try commit(desired)
    try checkOverflow()
  }

  /// Ends tracing for good. With `restoringSites` every site becomes a NOP first; without, nothing is touched any more.
  func kill(restoringSites: Bool, reason: String) throws(FtraceError) {
    guard killedReason == nil else { return }
    if restoringSites {
      var next = desired
      next.enabled = false
      next.ops = []
      let ops = desired.ops
      _ = try commit(next)
      desired.ops = ops
    }
    unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
    killedReason = reason
  }

  /// One turn of the daemon: more records where they are bounded, then the conversion of what is pending, in one stop.
  func tick() throws(FtraceError) {
    statistics.ticks += 1
    guard killedReason == nil else { return }
    defer { replenish() }
    guard desired.enabled else { return }
    if unsafe ftrace_recorder_has_pending(tables.recorder) || shouldReclaim { _ = try commit(desired) }
    try checkOverflow()
  }

  /// Moves the daemon's clock. Runs a turn for each period that has passed.
  func advanceDaemonClock(by duration: Duration) throws(FtraceError) {
    daemonNow += duration
    while daemonNow >= daemonDue {
      daemonDue += configuration.daemonPeriod
      try tick()
    }
  }

  private func replenish() {
    guard let page = configuration.limits.replenish, tables.capacity - tables.count < page else { return }
    tables.grow(by: page)
  }

  /// The guard of the original against an engine that records without end.
  private func checkOverflow() throws(FtraceError) {
    guard let limit = configuration.limits.overflow, statistics.updateTotal > limit else { return }
    let total = statistics.updateTotal
    statistics.updateTotal = 0
    warnings.append("\(total) sites were converted, more than the limit of \(limit): tracing is killed")
    try kill(restoringSites: true, reason: "more than \(limit) sites were converted")
  }

  /// The counters with those that are derived from tables.
  func currentStatistics() -> EngineStatistics {
    var result = statistics
    unsafe result.records = tables.count - Int(ftrace_recorder_free_count(tables.recorder))
    result.recordCapacity = tables.capacity
    unsafe result.pending = Int(ftrace_recorder_pending_count(tables.recorder))
    unsafe result.exhausted = Int(ftrace_recorder_exhausted(tables.recorder))
    unsafe result.recursed = Int(ftrace_recorder_recursed(tables.recorder))
    unsafe result.gated = Int(ftrace_recorder_gated(tables.recorder))
    result.quarantined = quarantine.count
    result.registeredOps = desired.ops.count
    result.functions = functionsByName.count
    result.liveCodeBytes = arena.statistics.liveBytes
    result.retiredCodeBytes = arena.statistics.retiredBytes
    return result
  }
}
