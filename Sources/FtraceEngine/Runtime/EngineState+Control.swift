import CFtraceShims
import FtraceQuiescence

extension EngineState {
  /// Ends tracing for good. With `restoringSites` every site becomes a NOP first; without, nothing is touched any more.
  func kill(restoringSites: Bool, reason: String) throws(FtraceError) {
    guard killedReason == nil else { return }
    if restoringSites {
      let enabled = desired.enabled
      var batch = Batch(desired)
      batch.next.enabled = false
      batch.endsRecording = true
      try commit(batch)
      desired.enabled = enabled
    }
    unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
    killedReason = reason
  }

  /// Moves the daemon's clock. Returns how many periods have ended.
  func turns(afterAdvancingClockBy duration: Duration) -> Int {
    daemonNow += duration
    guard daemonNow >= daemonDue else { return 0 }
    let turns = Int((daemonNow - daemonDue) / configuration.daemonPeriod) + 1
    daemonDue += configuration.daemonPeriod * turns
    return turns
  }

  /// Allows a page of records more where their number is bounded and few are left.
  /// - Returns: whether that changed anything.
  func replenish() -> Bool {
    guard let page = configuration.limits.replenish, tables.capacity - tables.count < page,
      tables.capacity < tables.capacityLimit
    else { return false }
    tables.grow(by: page)
    return true
  }

  /// The guard of the original against an engine that records without end.
  func checkOverflow() throws(FtraceError) {
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
    result.quarantined = quarantine.count
    result.registeredOps = desired.ops.count
    result.functions = functionsByName.count
    result.liveCodeBytes = arena.statistics.liveBytes
    result.retiredCodeBytes = arena.statistics.retiredBytes
    return result
  }
}
