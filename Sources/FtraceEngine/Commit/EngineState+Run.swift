import CFtraceShims
import FtracePlatform
import FtraceQuiescence

/// Running a plan, and what comes of it.
extension EngineState {
  /// Runs a stop for a plan that concerns no record, with a scan for what is retired, and reclaims what nothing refers to.
  func run(_ plan: inout Plan) throws(FtraceError) -> StopReport {
    let report = try execute(&plan)
    reclaim()
    return report
  }

  /// Runs a stop for a plan, with a scan for what is retired: `reclaim` follows when the records say what was written.
  func execute(_ plan: inout Plan) throws(FtraceError) -> StopReport {
    let lost = unsafe screen(&plan)
    if let critical = unsafe lost.first(where: {
      unsafe $0.critical != 0 && $0.status != UInt8(FTRACE_PATCH_ALREADY.rawValue)
    }) {
      throw unsafe damage(critical)
    }
    defer { unsafe plan.patches += lost }
    scanIsWhole = false
    let report: StopReport
    do throws(QuiesceError) {
      report = try stop(&plan)
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
    return report
  }

  /// The same error, with the functions that late workers were last seen in.
  private func named(_ error: QuiesceError) -> QuiesceError {
    guard case .timedOut(var late, let others, let after) = error else { return error }
    for index in late.indices {
      late[index].function = late[index].address.flatMap { offset(of: $0) }.flatMap { name(at: $0) }
    }
    return .timedOut(late: late, others: others, after: after)
  }

  private func stop(_ plan: inout Plan) throws(QuiesceError) -> StopReport {
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
            scanIsWhole = unsafe !scan.uncertain
          }
        }
      }
    }
    return try result.get()
  }

  /// Reads the results of a plan back into the records.
  func settle(_ plan: Plan, _ next: CodeState) {
    for index in unsafe plan.patches.indices {
      let patch = unsafe plan.patches[index]
      let (tag, status) = unsafe (patch.tag, patch.status)
      let written = status == UInt8(FTRACE_PATCH_WRITTEN.rawValue)
      if tag >= Plan.Tag.firstSpecial {
        if written, tag != Plan.Tag.dropped { statistics.innerCallsWritten += 1 }
        continue
      }
      if written { statistics.sitesWritten += 1 }
      let record = unsafe tables.record(tag)
      let site = unsafe record.pointee.site
      let isInaccessible = status == UInt8(FTRACE_PATCH_INACCESSIBLE.rawValue)
      if isInaccessible || status == UInt8(FTRACE_PATCH_UNEXPECTED.rawValue) {
        unsafe record.pointee.flags |= UInt32(FTRACE_RECORD_FAILED)
        quarantine[site] = unsafe QuarantinedSite(
          ip: executable(site), function: name(at: site),
          expected: SiteBytes(low: patch.expected_low, high: patch.expected_high).bytes,
          found: isInaccessible ? [] : SiteBytes(low: patch.replacement_low, high: patch.replacement_high).bytes)
      } else {
        // A body that goes keeps its record until `finishDrops`.
        let dropping = unsafe record.pointee.flags & UInt32(FTRACE_RECORD_DROPPING) != 0
        let target: SiteTarget =
          dropping ? .nop : next.target(ofSite: site, class: unsafe tables.desiredClass[Int(site >> 3)])
        unsafe record.pointee.target = target.encoded
      }
    }
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
