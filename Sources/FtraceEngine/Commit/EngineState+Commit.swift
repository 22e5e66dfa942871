import CFtraceShims
import FtraceQuiescence

/// A site whose class changes: offset of the site, and the classes before and after.
struct ClassChange {
  var site: UInt32
  var old: UInt16
  var new: UInt16
}

/// What a commit did, site by site where something went wrong.
public struct CommitReport: Sendable {
  /// The stop, nil if there was nothing to write.
  public var stop: StopReport?
  /// Sites whose instruction was replaced.
  public var sitesWritten = 0
  /// Sites converted from `call mcount`.
  public var converted = 0
  /// Sites that were found with other bytes and are not written again.
  public var quarantined: [QuarantinedSite] = []
}

extension EngineState {
  /// Brings code and tables to what a batch wants, in one stop, with all that waits: pending sites, and sites of bodies that went.
  ///
  /// On an error `desired` and the code are what they were; what the batch did to the classes is the caller's to take back. Once
  /// tracing is killed no site is written any more: ops and bodies can still go.
  @discardableResult
  func commit(_ batch: Batch) throws(FtraceError) -> CommitReport {
    guard !Quiescence.isInsideCallback else { throw .quiescence(.insideCallback) }
    if killedReason != nil { return try commitKilled(batch) }
    let turnsOff = desired.enabled && !batch.next.enabled
    // The recorder's own switch follows the code: while it is on the wrong side of it, calls are dispatched and not recorded.
    if turnsOff { unsafe ftrace_recorder_set_enabled(tables.recorder, 0) }
    defer { retireUnusedTrampolines() }
    observer?.isAtBoundary =
      !batch.classChanges.isEmpty || !batch.leaving.isEmpty || batch.next.differs(from: desired)
    defer { observer?.isAtBoundary = false }
    do throws(FtraceError) {
      let report = try write(try codeState(for: batch.next, passedOver: passedOver(by: batch)), batch)
      desired = batch.next
      if desired.enabled { unsafe ftrace_recorder_set_enabled(tables.recorder, 1) }
      return report
    } catch {
      if turnsOff, killedReason == nil { unsafe ftrace_recorder_set_enabled(tables.recorder, 1) }
      throw error
    }
  }

  /// Thunks that will pass calls over when a batch is written.
  func passedOver(by batch: Batch) -> Set<UInt32> {
    var result = disarmed
    if batch.next.enabled { result.subtract(batch.next.ops.map(\.thunk.offset)) }
    return result.union(batch.leaving.filter { !$0.isCompiled }.map(\.thunk.offset))
  }

  private func write(_ next: CodeState, _ batch: Batch) throws(FtraceError) -> CommitReport {
    var plan = Plan()
    patchInnerCalls(next, &plan)
    let armings = planThunks(batch, &plan)
    let pending = takePending()
    let dropped = planDrops(&plan)
    var converted = 0
    let all =
      next.classTargets != actual.classTargets || next.exitTargets != actual.exitTargets || !batch.classChanges.isEmpty
      || mustLookAtAll
    for key in sitesInOrder(pending, andAllOthers: all) {
      converted += planSite(UInt32(truncatingIfNeeded: key), next, &plan) ? 1 : 0
    }
    planTables(next, batch.classChanges, &plan)
    #if FTRACE_DELAYS
      sabotage?.apply(to: &plan)
    #endif
    guard !plan.isEmpty || !unlinked.isEmpty else {
      actual = next
      return CommitReport()
    }

    let stop: StopReport
    do throws(FtraceError) {
      stop = try execute(&plan)
    } catch {
      // Nothing was written: what was pending is so again.
      forgetDrops(dropped)
      for number in pending { unsafe ftrace_recorder_push_pending(tables.recorder, number) }
      throw error
    }
    actual = next
    mustLookAtAll = false
    note(armings)
    var report = settle(plan, next)
    report.stop = stop
    report.converted = converted
    finishDrops(plan, dropped, taken: pending)
    reclaim()
    if converted > 0 {
      statistics.updateCount = converted
      statistics.updateTime = stop.timeStopped
      statistics.updateTotal += converted
    }
    return report
  }

  /// The same once tracing is killed: thunks of ops that go, and the tables. No site is written.
  private func commitKilled(_ batch: Batch) throws(FtraceError) -> CommitReport {
    var plan = Plan()
    let armings = planThunks(batch, &plan)
    let dropped = planDrops(&plan)
    var report = CommitReport()
    if !plan.isEmpty || !unlinked.isEmpty {
      do throws(FtraceError) {
        report.stop = try execute(&plan)
      } catch {
        forgetDrops(dropped)
        throw error
      }
      note(armings)
      _ = settle(plan, actual)
      finishDrops(plan, dropped, taken: [])
      reclaim()
    }
    desired = batch.next
    return report
  }
}
