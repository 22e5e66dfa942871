import CFtraceShims

/// What a stop is to write, besides the sites of bodies that went.
extension EngineState {
  /// Callee first, sites after: a failure between the two leaves sites that call nothing, never sites that call the wrong thing.
  func patchInnerCalls(_ next: CodeState, _ plan: inout Plan) {
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
  func planThunks(_ batch: Batch, _ plan: inout Plan) -> [(ops: RegisteredOps, disarmed: Bool)] {
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
  func note(_ armings: [(ops: RegisteredOps, disarmed: Bool)]) {
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
  func takePending() -> [UInt32] {
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
  func planSite(_ number: UInt32, _ next: CodeState, _ plan: inout Plan) -> Bool {
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
  func sitesInOrder(_ pending: [UInt32], andAllOthers all: Bool) -> [UInt64] {
    func key(_ number: UInt32) -> UInt64 { unsafe UInt64(tables.record(number).pointee.site) << 32 | UInt64(number) }
    var keys = pending.map(key)
    if all {
      keys += tables.converted.map(key)
    }
    keys.sortByUpperHalf()
    return keys
  }

  func planTables(_ next: CodeState, _ classChanges: [ClassChange], _ plan: inout Plan) {
    for (number, target) in next.classTargets.enumerated()
    where number >= actual.classTargets.count || actual.classTargets[number] != target {
      unsafe plan.store(UInt64(executable(called(by: target))), to: tables.recorder.pointee.class_target + number)
    }
    for change in classChanges {
      let cell = unsafe tables.recorder.pointee.site_class + Int(change.site >> 3)
      unsafe plan.store(UInt32(change.new), toCell: UnsafeMutableRawPointer(cell), width: 2)
    }
  }
}
