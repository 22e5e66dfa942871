import CFtraceShims
import FtraceQuiescence

/// A site whose class changes: offset of the site, and the classes before and after.
struct ClassChange {
  var site: UInt32
  var old: UInt16
  var new: UInt16
}

extension EngineState {
  /// Brings code and tables to what a batch wants, in one stop, with all that waits: pending sites, and sites of bodies that went.
  ///
  /// On an error `desired` and the code are what they were; what the batch did to the classes is the caller's to take back. Once
  /// tracing is killed no site is written any more: ops and bodies can still go.
  func commit(_ batch: Batch) throws(FtraceError) {
    guard !Quiescence.isInsideCallback else { throw .quiescence(.insideCallback) }
    if killedReason != nil { return try commitKilled(batch) }
    let turnsOff = desired.enabled && !batch.next.enabled
    // The recorder's own switch follows the code: while it is on the wrong side of it, calls are dispatched and not recorded.
    if turnsOff { unsafe ftrace_recorder_set_enabled(tables.recorder, 0) }
    maySpendReserve = !batch.leaving.isEmpty
    defer {
      maySpendReserve = false
      restoreReserve()
      retireUnusedTrampolines()
    }
    observer?.isAtBoundary =
      !batch.classChanges.isEmpty || !batch.leaving.isEmpty || batch.next.differs(from: desired)
    defer { observer?.isAtBoundary = false }
    do throws(FtraceError) {
      try write(try codeState(for: batch.next, passedOver: passedOver(by: batch)), batch)
      desired = batch.next
      classes.allAdmitted()
      sweepClasses()
      if desired.enabled { unsafe ftrace_recorder_set_enabled(tables.recorder, 1) }
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

  private func write(_ next: CodeState, _ batch: Batch) throws(FtraceError) {
    var plan = Plan()
    patchInnerCalls(next, &plan)
    let armings = planThunks(batch, &plan)
    let pending = takePending()
    let dropped = planDrops(&plan)
    if batch.endsRecording { planUncalled(&plan) }
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
    guard !plan.isEmpty || !unlinked.isEmpty || batch.wantsStop else {
      actual = next
      return
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
    settle(plan, next)
    finishDrops(plan, dropped, taken: pending)
    reclaim()
    if converted > 0 {
      statistics.updateCount = converted
      statistics.updateTime = stop.timeStopped
      statistics.updateTotal += converted
    }
  }

  /// The same once tracing is killed: thunks of ops that go, and the tables. No site is written.
  private func commitKilled(_ batch: Batch) throws(FtraceError) {
    var plan = Plan()
    let armings = planThunks(batch, &plan)
    let dropped = planDrops(&plan)
    if !plan.isEmpty || !unlinked.isEmpty || batch.wantsStop {
      do throws(FtraceError) {
        _ = try execute(&plan)
      } catch {
        forgetDrops(dropped)
        throw error
      }
      note(armings)
      settle(plan, actual)
      finishDrops(plan, dropped, taken: [])
      reclaim()
    }
    desired = batch.next
  }
}
