import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import FtraceQuiescence
import FtraceX86Assembler

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
  private func passedOver(by batch: Batch) -> Set<UInt32> {
    var result = disarmed
    if batch.next.enabled { result.subtract(batch.next.ops.map(\.thunk.offset)) }
    return result.union(batch.leaving.filter { !$0.isCompiled }.map(\.thunk.offset))
  }

  // MARK: - What the code is to be

  /// Builds the trampolines that a desired state needs. They are reachable only after the stop.
  private func codeState(for next: DesiredState, passedOver: Set<UInt32>) throws(FtraceError) -> CodeState {
    let shared = next.ops.filter(\.isShared)
    var state = CodeState(
      mcountTarget: next.enabled ? stubs.recordIP : stubs.stub, callerTarget: stubs.stub, classTargets: [],
      exitTargets: [])
    if next.enabled { state.callerTarget = try calledTarget(shared, passedOver) }
    state.classTargets.reserveCapacity(classes.list.count)
    state.exitTargets.reserveCapacity(classes.list.count)
    for siteClass in classes.list {
      state.classTargets.append(try target(of: siteClass, at: .entry, next, passedOver))
      state.exitTargets.append(try target(of: siteClass, at: .exit, next, passedOver))
    }
    return state
  }

  /// What the sites of a class are to be at one end of their functions.
  private func target(
    of siteClass: SiteClass, at end: TraceEnd, _ next: DesiredState, _ passedOver: Set<UInt32>
  ) throws(FtraceError) -> SiteTarget {
    if !next.enabled || siteClass.excluded { return .nop }
    let wanting = next.ops.filter {
      ($0.isShared || siteClass.members & (1 << $0.number) != 0) && $0.ops.ends.contains(end)
    }
    if wanting.isEmpty { return .nop }
    if wanting.allSatisfy(\.isShared) { return .call(stubs.caller) }
    // Exits know by what their entries did whether the function is marked.
    let marked = end == .entry ? siteClass.marked : 0
    return .call(try trampoline(for: wanting, at: end, marked: marked, variant: siteClass.variant, passedOver))
  }

  /// Gives classes that were made just now their targets. No site is of them yet, so that takes no stop.
  func admitNewClasses() throws(FtraceError) {
    defer { retireUnusedTrampolines() }
    while actual.classTargets.count < classes.list.count {
      let number = actual.classTargets.count
      let siteClass = classes.list[number]
      var (target, exit) = (SiteTarget.nop, SiteTarget.nop)
      if killedReason == nil {
        let passedOver = passedOver(by: Batch(desired))
        target = try self.target(of: siteClass, at: .entry, desired, passedOver)
        exit = try self.target(of: siteClass, at: .exit, desired, passedOver)
      }
      // Safe: the table has a word for each number, and the recorder reads it only for sites of the class.
      unsafe tables.recorder.pointee.class_target[number] = UInt64(executable(called(by: target)))
      actual.classTargets.append(target)
      actual.exitTargets.append(exit)
    }
  }

  /// What is called at a site of a target, by the recorder on its behalf if need be.
  private func called(by target: SiteTarget) -> UInt32 {
    if case .call(let trampoline) = target { trampoline } else { stubs.stub }
  }

  /// What an inner call is to call for a list of ops: the stub, the one thunk, or a multi-call.
  private func calledTarget(_ ops: [RegisteredOps], _ passedOver: Set<UInt32>) throws(FtraceError) -> UInt32 {
    switch ops.count {
    case 0: return stubs.stub
    case 1: return ops[0].thunk.offset
    default:
      let thunks = ops.map(\.thunk.offset)
      let key = TrampolineKey(kind: .multiCall, thunks: thunks)
      return try interned(key, passedOver: passedOver) { a in a.multiCall(thunks) }
    }
  }

  /// The trampoline that sites call for a list of ops at one end of a function.
  ///
  /// Compiled bodies come first: a worker that is parked in a callback has none of them left to run.
  private func trampoline(
    for ops: [RegisteredOps], at end: TraceEnd, marked: UInt32, variant: UInt32, _ passedOver: Set<UInt32>
  ) throws(FtraceError) -> UInt32 {
    let compiled = ops.filter { $0.isCompiled }
    let called = ops.filter { !$0.isCompiled }
    let saves = called.reduce(into: SaveSet()) { $0.formUnion($1.ops.saves) }
    let variant = compiled.contains { $0.ops.body?.wantsValues == true } ? variant : 0
    let key = TrampolineKey(
      kind: .caller, compiled: compiled.map(\.thunk.offset), thunks: called.map(\.thunk.offset), saves: saves,
      end: compiled.isEmpty ? nil : end, variant: variant, marked: marked)
    if let trampoline = trampolines[key] { return trampoline.block.offset }
    let target = try calledTarget(called, passedOver)
    return try interned(key, passedOver: passedOver, callee: called.count > 1 ? target : nil) { a in
      a.align(64)
      let bodies = compiled.map { builder(of: $0, at: end, isMarked: marked & (1 << $0.number) != 0, variant, a) }
      if called.isEmpty {
        a.ret()
      } else {
        a.callerTrampoline(saves) { a.call(EngineSymbol.code(target).symbol) }
      }
      for body in bodies { body.finishOutOfLine() }
    }
  }

  /// Emits the body of a compiled ops.
  private func builder(
    of ops: RegisteredOps, at end: TraceEnd, isMarked: Bool, _ variant: UInt32, _ a: Assembler
  ) -> BodyBuilder {
    let slow = ops.thunk.offset + (end == .entry ? 0 : Assembler.slowCodeStride)
    let builder = BodyBuilder(
      a, end, isMarked: isMarked, slot: slot.index, ops: ops.number, slowCode: EngineSymbol.code(slow).symbol,
      clockCode: stubs.readMonotonic, base: executable(0),
      values: ops.ops.body?.wantsValues == true ? variants[variant] : nil)
    ops.ops.body?.emit(end, into: builder)
    builder.finish()
    return builder
  }

  // MARK: - The stop

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
      stop = try run(&plan)
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
        report.stop = try run(&plan)
      } catch {
        forgetDrops(dropped)
        throw error
      }
      note(armings)
      _ = settle(plan, actual)
      finishDrops(plan, dropped, taken: [])
    }
    desired = batch.next
    return report
  }

  /// Callee first, sites after: a failure between the two leaves sites that call nothing, never sites that call the wrong thing.
  private func patchInnerCalls(_ next: CodeState, _ plan: inout Plan) {
    if next.mcountTarget != actual.mcountTarget {
      patchInnerCall(stubs.mcountCall, from: actual.mcountTarget, to: next.mcountTarget, Plan.Tag.mcountCall, &plan)
    }
    if next.callerTarget != actual.callerTarget {
      patchInnerCall(stubs.callerCall, from: actual.callerTarget, to: next.callerTarget, Plan.Tag.callerCall, &plan)
    }
  }

  /// Makes the thunks of ops that go pass over the calls that still come to them, and likewise all thunks while tracing is off: a
  /// worker may be in the callback of another ops of the same call.
  /// - Returns: thunks whose instruction changes, and whether they will pass calls over.
  private func planThunks(_ batch: Batch, _ plan: inout Plan) -> [(ops: RegisteredOps, disarmed: Bool)] {
    var changes: [(ops: RegisteredOps, disarmed: Bool)] = []
    for ops in batch.leaving where !ops.isCompiled && !disarmed.contains(ops.thunk.offset) {
      changes.append((ops, true))
    }
    if killedReason == nil, desired.enabled || batch.next.enabled {
      for ops in batch.next.ops
      where !ops.isCompiled && disarmed.contains(ops.thunk.offset) == batch.next.enabled {
        changes.append((ops, !batch.next.enabled))
      }
    }
    for (ops, disarmed) in changes {
      unsafe plan.patch(
        at: arena.writableAddress(ofCodeAt: ops.gate), from: ops.gateBytes(disarmed: !disarmed),
        to: ops.gateBytes(disarmed: disarmed), tag: Plan.Tag.thunk, critical: true)
    }
    return changes
  }

  /// The stop has changed thunks.
  private func note(_ armings: [(ops: RegisteredOps, disarmed: Bool)]) {
    for (ops, isDisarmed) in armings {
      if isDisarmed { disarmed.insert(ops.thunk.offset) } else { disarmed.remove(ops.thunk.offset) }
    }
  }

  private func patchInnerCall(
    _ call: UInt32, from old: UInt32, to new: UInt32, _ tag: UInt32, _ plan: inout Plan
  ) {
    unsafe plan.patch(
      at: arena.writableAddress(ofCodeAt: call), from: .call(from: call, to: old), to: .call(from: call, to: new),
      tag: tag, critical: true)
  }

  /// The records on the pending list, without those of functions that went meanwhile.
  private func takePending() -> [UInt32] {
    var numbers: [UInt32] = []
    var next = unsafe ftrace_recorder_take_pending(tables.recorder)
    while next != 0 {
      let record = unsafe tables.record(next)
      let (number, flags) = unsafe (next, record.pointee.flags)
      next = unsafe record.pointee.next
      if flags & UInt32(FTRACE_RECORD_DROPPED) != 0 {
        unsafe ftrace_recorder_give(tables.recorder, number)
      } else {
        numbers.append(number)
      }
    }
    unsafe ftrace_recorder_subtract_pending_count(tables.recorder, UInt32(numbers.count))
    return numbers
  }

  /// Plans one site. Returns whether it is a conversion from `call mcount`.
  private func planSite(_ number: UInt32, _ next: CodeState, _ plan: inout Plan) -> Bool {
    let record = unsafe tables.record(number)
    guard unsafe record.pointee.flags == 0 else { return false }
    let (site, current) = unsafe (record.pointee.site, record.pointee.target)
    let target = next.target(ofSite: site, class: unsafe tables.desiredClass[Int(site >> 3)])
    guard target.encoded != current else { return false }
    unsafe plan.patch(
      at: arena.writableAddress(ofCodeAt: site), from: bytes(of: SiteTarget(encoded: current), at: site),
      to: bytes(of: target, at: site), tag: number)
    return current == UInt32(FTRACE_TARGET_MCOUNT)
  }

  /// The pending sites and, if asked for, all converted ones, in order of address: a stop that writes memory from one end to the
  /// other is several times shorter. Those that become pending now wait for the next stop.
  /// - Returns: for each the offset of the site, and the number of its record in the lower half. Linear.
  private func sitesInOrder(_ pending: [UInt32], andAllOthers all: Bool) -> [UInt64] {
    func key(_ number: UInt32) -> UInt64 { unsafe UInt64(tables.record(number).pointee.site) << 32 | UInt64(number) }
    var keys = pending.map(key)
    if all {
      keys += tables.converted.map(key)
    }
    keys.sortByUpperHalf()
    return keys
  }

  private func planTables(_ next: CodeState, _ classChanges: [ClassChange], _ plan: inout Plan) {
    for (number, target) in next.classTargets.enumerated()
    where number >= actual.classTargets.count || actual.classTargets[number] != target {
      unsafe plan.store(UInt64(executable(called(by: target))), to: tables.recorder.pointee.class_target + number)
    }
    for change in classChanges {
      let cell = unsafe tables.recorder.pointee.site_class + Int(change.site >> 3)
      unsafe plan.store(UInt32(change.new), toCell: UnsafeMutableRawPointer(cell), width: 2)
    }
  }

  // MARK: - Bodies that went

  /// Plans the end of the sites of unlinked bodies. Returns the numbers of their records.
  private func planDrops(_ plan: inout Plan) -> [UInt32] {
    var numbers: [UInt32] = []
    for body in unlinked {
      for (site, kind) in zip(body.siteOffsets, body.sites.map(\.kind)) {
        unsafe plan.store(
          UInt32(FTRACE_INDEX_DEAD), toCell: ftrace_recorder_index_cell(tables.recorder, site), width: 4, tag: site)
        guard let number = tables.number(ofSite: site) else {
          // Not in the recorder's index: it was never called, and is none of the recorder's from here on.
          if configuration.recording == .onFirstCall, kind == .entry, killedReason == nil {
            dropUnconverted(site, &plan)
          }
          continue
        }
        let record = unsafe tables.record(number)
        let (target, flags) = unsafe (SiteTarget(encoded: record.pointee.target), record.pointee.flags)
        // Once tracing is killed no site is written any more.
        guard killedReason == nil, flags == 0 else {
          unsafe record.pointee.flags |= UInt32(FTRACE_RECORD_DROPPING)
          numbers.append(number)
          continue
        }
        // No site of a body that went may call a trampoline: those are retired by themselves. Nor `mcount`: its class is not
        // kept any more, so that a worker that is about to enter would be shown to the wrong tracers.
        if case .call = target {
          unsafe plan.patch(
            at: arena.writableAddress(ofCodeAt: site), from: bytes(of: target, at: site), to: .nop, tag: number)
        } else if target == .mcount {
          dropUnconverted(site, &plan)
        }
        unsafe record.pointee.flags |= UInt32(FTRACE_RECORD_DROPPING)
        numbers.append(number)
      }
    }
    return numbers
  }

  /// The stop was not possible: the bodies wait for the next one.
  private func forgetDrops(_ dropped: [UInt32]) {
    for number in dropped { unsafe tables.record(number).pointee.flags &= ~UInt32(FTRACE_RECORD_DROPPING) }
  }

  private func dropUnconverted(_ site: UInt32, _ plan: inout Plan) {
    unsafe plan.patch(
      at: arena.writableAddress(ofCodeAt: site), from: bytes(of: .mcount, at: site), to: .nop, tag: Plan.Tag.dropped)
  }

  /// - Parameter taken: the records that were on the pending list when the plan was made.
  private func finishDrops(_ plan: Plan, _ dropped: [UInt32], taken: [UInt32]) {
    let taken = dropped.isEmpty ? [] : Set(taken)
    for number in dropped {
      let record = unsafe tables.record(number)
      unsafe quarantine[record.pointee.site] = nil
      let failed = unsafe record.pointee.flags & UInt32(FTRACE_RECORD_FAILED) != 0
      if unsafe record.pointee.target == UInt32(FTRACE_TARGET_MCOUNT) && !failed && !taken.contains(number) {
        // Recorded while the plan was made: by now it is on the pending list, which gives it back when it is taken.
        unsafe record.pointee.flags = UInt32(FTRACE_RECORD_DROPPED)
        unsafe ftrace_recorder_subtract_pending_count(tables.recorder, 1)
      } else {
        tables.give(number)
      }
    }
    for index in unsafe plan.cells.indices where unsafe plan.cells[index].width == 4 {
      let cell = unsafe plan.cells[index]
      // Recorded between the planning and the stop: it is on the pending list, which gives it back when it is taken.
      let old = unsafe cell.old
      guard old != 0, old < UInt32(FTRACE_INDEX_DEAD) else { continue }
      let record = unsafe tables.record(old)
      if unsafe record.pointee.flags == 0 && record.pointee.site == cell.tag {
        unsafe record.pointee.flags = UInt32(FTRACE_RECORD_DROPPED)
        unsafe ftrace_recorder_subtract_pending_count(tables.recorder, 1)
      }
    }
    for body in unlinked {
      let tag = arena.entry(containing: executable(body.block.offset))?.tag ?? 0
      retire(body.block) { [unowned self] in bodyReclaimed(body, tag: tag) }
    }
    unlinked.removeAll()
  }

  // MARK: - Running a plan

  /// Runs a stop for a plan, with a scan for what is retired, and reclaims what nothing refers to.
  func run(_ plan: inout Plan) throws(FtraceError) -> StopReport {
    let lost = unsafe screen(&plan)
    if let critical = unsafe lost.first(where: {
      unsafe $0.critical != 0 && $0.status != UInt8(FTRACE_PATCH_ALREADY.rawValue)
    }) {
      throw unsafe damage(critical)
    }
    defer { unsafe plan.patches += lost }
    var uncertain = false
    let report: StopReport
    do throws(QuiesceError) {
      report = try stop(&plan, &uncertain)
    } catch {
      if case .timedOut = error { statistics.timeouts += 1 }
      if case .codeLost = error {
        // What was written is not known to the records, and cannot run.
        killedReason = killedReason ?? "\(error)"
        unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
      }
      stopStatistics.record(error)
      throw .quiescence(named(error))
    }
    statistics.stops += 1
    stopStatistics.record(report)
    lastStop = report
    statistics.longestTimeToStop = max(statistics.longestTimeToStop, report.timeToStop)
    statistics.longestTimeStopped = max(statistics.longestTimeStopped, report.timeStopped)
    if let damaged = unsafe plan.damagedCode { throw unsafe damage(damaged) }
    if !uncertain { reclaim() }
    return report
  }

  /// The same error, with the functions that late workers were last seen in.
  private func named(_ error: QuiesceError) -> QuiesceError {
    guard case .timedOut(var late, let after) = error else { return error }
    for index in late.indices {
      late[index].function = late[index].address.flatMap { offset(of: $0) }.flatMap { name(at: $0) }
    }
    return .timedOut(late: late, after: after)
  }

  private func stop(_ plan: inout Plan, _ uncertain: inout Bool) throws(QuiesceError) -> StopReport {
    let retired = unsafe arena.prepareReclamation()
    let pages = arena.activeMapping == .toggling ? pageRuns(of: plan) : []
    let (deadline, grace) = (configuration.stopDeadline, configuration.stopGrace)
    var result: Result<StopReport, QuiesceError> = .failure(.insideCallback)
    // Safe: the arrays' buffers are pinned for the time of the closure, which is that of the stop; while the world is stopped only
    // the C function runs, on these buffers.
    unsafe plan.patches.withUnsafeMutableBufferPointer { patches in
      unsafe plan.words.withUnsafeMutableBufferPointer { words in
        unsafe plan.cells.withUnsafeMutableBufferPointer { cells in
          unsafe pages.withUnsafeBufferPointer { pages in
            var request = unsafe ftrace_plan(
              patches: patches.baseAddress, patch_count: patches.count, words: words.baseAddress,
              word_count: words.count, cells: cells.baseAddress, cell_count: cells.count, pages: pages.baseAddress,
              page_count: pages.count, written: 0, unexpected: 0, aborted: false)
            var scan = unsafe ftrace_scan(
              ranges: retired.ranges, marks: retired.marks, count: retired.count, words: 0, uncertain: false)
            result = Result { () throws(QuiesceError) in
              try unsafe Quiescence.stop(
                plan: &request, scan: &scan, deadline: deadline, grace: grace, observe: observer?.function,
                observeContext: observer?.context)
            }
            uncertain = unsafe scan.uncertain
          }
        }
      }
    }
    return try result.get()
  }

  /// Reads the results of a plan back into the records.
  private func settle(_ plan: Plan, _ next: CodeState) -> CommitReport {
    var report = CommitReport()
    for index in unsafe plan.patches.indices {
      let patch = unsafe plan.patches[index]
      let (tag, status) = unsafe (patch.tag, patch.status)
      let written = status == UInt8(FTRACE_PATCH_WRITTEN.rawValue)
      if tag >= Plan.Tag.firstSpecial {
        if written, tag != Plan.Tag.dropped { statistics.innerCallsWritten += 1 }
        continue
      }
      if written { report.sitesWritten += 1 }
      let record = unsafe tables.record(tag)
      let site = unsafe record.pointee.site
      let isInaccessible = status == UInt8(FTRACE_PATCH_INACCESSIBLE.rawValue)
      if isInaccessible || status == UInt8(FTRACE_PATCH_UNEXPECTED.rawValue) {
        unsafe record.pointee.flags |= UInt32(FTRACE_RECORD_FAILED)
        let entry = unsafe QuarantinedSite(
          ip: executable(site), function: name(at: site),
          expected: SiteBytes(low: patch.expected_low, high: patch.expected_high).bytes,
          found: isInaccessible ? [] : SiteBytes(low: patch.replacement_low, high: patch.replacement_high).bytes)
        quarantine[site] = entry
        report.quarantined.append(entry)
      } else {
        // A body that goes keeps its record until `finishDrops`.
        let dropping = unsafe record.pointee.flags & UInt32(FTRACE_RECORD_DROPPING) != 0
        let target: SiteTarget =
          dropping ? .nop : next.target(ofSite: site, class: unsafe tables.desiredClass[Int(site >> 3)])
        unsafe record.pointee.target = target.encoded
      }
    }
    statistics.sitesWritten += report.sitesWritten
    return report
  }

  /// The engine's own code was overwritten by somebody: nothing that it would patch can be trusted to work.
  private func damage(_ patch: ftrace_patch) -> FtraceError {
    killedReason = killedReason ?? "the engine's code was overwritten"
    unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
    let start = unsafe UnsafeRawPointer(arena.writableAddress(ofCodeAt: 0))
    let offset = unsafe UInt32(UnsafeRawPointer(patch.write) - start)
    let isUnexpected = unsafe patch.status == UInt8(FTRACE_PATCH_UNEXPECTED.rawValue)
    return unsafe .engineCodeDamaged(
      address: executable(offset), expected: SiteBytes(low: patch.expected_low, high: patch.expected_high).bytes,
      found: isUnexpected ? SiteBytes(low: patch.replacement_low, high: patch.replacement_high).bytes : [])
  }
}

extension Plan {
  /// A piece of the engine's own code that was found with other bytes, after which nothing was written.
  fileprivate var damagedCode: ftrace_patch? {
    for index in unsafe patches.indices {
      let patch = unsafe patches[index]
      guard unsafe patch.critical != 0 else { break }  // they come first
      if unsafe patch.status == UInt8(FTRACE_PATCH_UNEXPECTED.rawValue) { return unsafe patch }
    }
    return nil
  }
}
