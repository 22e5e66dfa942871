import CFtraceShims

/// The end of the sites of bodies that went: of their entries in the next stop, of their exits with their memory. Calls that are under way end
/// where they began.
extension EngineState {
  /// Plans the end of the entry sites of unlinked bodies. Returns the numbers of their records.
  func planDrops(_ plan: inout Plan) -> [UInt32] {
    var numbers: [UInt32] = []
    for body in unlinked {
      for site in body.siteOffsets(of: .entry) {
        unsafe plan.store(
          UInt32(FTRACE_INDEX_DEAD), toCell: ftrace_recorder_index_cell(tables.recorder, site), width: 4, tag: site)
        guard let number = tables.number(ofSite: site) else {
          // Not in the recorder's index: it was never called, and is none of the recorder's from here on.
          if configuration.recording == .onFirstCall, killedReason == nil {
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

  /// Plans the end of the entry sites that were never called.
  func planUncalled(_ plan: inout Plan) {
    for body in bodies.values where !body.isUnlinked {
      for site in body.siteOffsets(of: .entry) where tables.number(ofSite: site) == nil {
        guard unsafe ftrace_recorder_index(tables.recorder, site) != UInt32(FTRACE_INDEX_DEAD) else { continue }
        unsafe plan.store(
          UInt32(FTRACE_INDEX_DEAD), toCell: ftrace_recorder_index_cell(tables.recorder, site), width: 4, tag: site)
        dropUnconverted(site, &plan)
      }
    }
  }

  /// The stop was not possible: the bodies wait for the next one.
  func forgetDrops(_ dropped: [UInt32]) {
    for number in dropped { unsafe tables.record(number).pointee.flags &= ~UInt32(FTRACE_RECORD_DROPPING) }
  }

  private func dropUnconverted(_ site: UInt32, _ plan: inout Plan) {
    unsafe plan.patch(
      at: arena.writableAddress(ofCodeAt: site), from: bytes(of: .mcount, at: site), to: .nop, tag: Plan.Tag.dropped)
  }

  /// - Parameter taken: the records that were on the pending list when the plan was made.
  func finishDrops(_ plan: Plan, _ dropped: [UInt32], taken: [UInt32]) {
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

  /// Gives back the records of a body's exits. Its memory is reclaimed: nobody is in it.
  func dropExits(of body: FunctionBody) {
    for site in body.siteOffsets(of: .exit) {
      quarantine[site] = nil
      if let number = tables.number(ofSite: site) { tables.give(number) }
    }
  }
}
