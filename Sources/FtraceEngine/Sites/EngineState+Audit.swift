import CFtraceShims
import FtraceX86Assembler

extension EngineState {
  /// Every site of every function, in order of address. The lock is held, so no byte changes meanwhile.
  func siteReports() -> [SiteReport] {
    bodies.values.sorted { $0.block.offset < $1.block.offset }.flatMap { body in
      body.isUnlinked ? [] : zip(body.sites, body.siteOffsets).map { report(of: $0, at: $1, in: body) }
    }
  }

  private func report(of site: Site, at offset: UInt32, in body: FunctionBody) -> SiteReport {
    let number = tables.number(ofSite: offset)
    let record = number.map { unsafe tables.record($0).pointee }
    var target: SiteTarget = record.map { SiteTarget(encoded: $0.target) } ?? .mcount
    var state: SiteReport.State
    switch target {
    case .mcount: state = number == nil ? .unrecorded : .pending
    case .nop: state = .nop
    case .call(let trampoline): state = .tracing(trampoline: executable(trampoline))
    }
    if number == nil, unsafe ftrace_recorder_index(tables.recorder, offset) == UInt32(FTRACE_INDEX_DEAD) {
      // Nobody will record it: a NOP for good.
      (state, target) = (.nop, .nop)
    }
    if let record = record, record.flags & UInt32(FTRACE_RECORD_FAILED) != 0 { state = .quarantined }
    if site.kind == .exit, number == nil {
      (state, target) = (.excluded(.noRecord), .nop)
    } else if let exclusion = body.exclusion {
      state = .excluded(exclusion)
    }
    return SiteReport(
      ip: executable(offset), function: body.name, kind: site.kind, generation: body.generation, state: state,
      bytes: currentBytes(at: offset).bytes, expected: bytes(of: target, at: offset).bytes)
  }

  /// Holds every site, both inner calls, and what is patched in the thunks of ops against what they should be.
  /// - Parameter releasing: whether quarantined sites that are sound again go back into service.
  func audit(releasing: Bool) -> AuditReport {
    var report = AuditReport()
    for site in siteReports() {
      report.checked += 1
      if !site.isSound {
        report.damaged.append(
          QuarantinedSite(ip: site.ip, function: site.function, expected: site.expected, found: site.bytes))
      } else if releasing, site.state == .quarantined, let offset = offset(of: site.ip),
        let number = tables.number(ofSite: offset)
      {
        unsafe tables.record(number).pointee.flags &= ~UInt32(FTRACE_RECORD_FAILED)
        if unsafe tables.record(number).pointee.target == UInt32(FTRACE_TARGET_MCOUNT) {
          unsafe ftrace_recorder_push_pending(tables.recorder, number)
        }
        if let entry = quarantine.removeValue(forKey: offset) { report.released.append(entry) }
      }
    }
    for (call, target, name) in [
      (stubs.mcountCall, actual.mcountTarget, "mcount_call"), (stubs.callerCall, actual.callerTarget, "ftrace_call"),
    ] { check(call, .call(from: call, to: target), name, &report) }
    // The code of a compiled ops has no place that is patched.
    for ops in desired.ops where !ops.isCompiled {
      let expected = ops.gateBytes(disarmed: disarmed.contains(ops.thunk.offset))
      check(ops.gate, expected, name(at: ops.gate), &report)
    }
    if !report.released.isEmpty {
      mustLookAtAll = true
      // If no stop is possible now, they follow with the next one.
      try? commit(Batch(desired))
    }
    return report
  }

  /// Holds five bytes of the engine's own code against what they should be.
  private func check(_ place: UInt32, _ expected: SiteBytes, _ name: String, _ report: inout AuditReport) {
    report.checked += 1
    let found = currentBytes(at: place)
    guard found != expected else { return }
    report.damaged.append(
      QuarantinedSite(ip: executable(place), function: name, expected: expected.bytes, found: found.bytes))
  }

  /// Replaces five bytes if they are what is expected: the one primitive that all patching rests on, for one place.
  func modify(
    at address: UInt, from expected: SiteBytes, to replacement: SiteBytes
  ) throws(FtraceError) -> ModifyResult {
    guard let offset = offset(of: address), arena.entry(containing: address) != nil,
      arena.entry(containing: address + 4) != nil, offset % 8 <= 3
    else { return .fault }
    var plan = Plan()
    unsafe plan.patch(at: arena.writableAddress(ofCodeAt: offset), from: expected, to: replacement, tag: 0)
    _ = try run(&plan)
    let patch = unsafe plan.patches[0]
    switch unsafe Int(patch.status) {
    case Int(FTRACE_PATCH_WRITTEN.rawValue): return .modified
    case Int(FTRACE_PATCH_ALREADY.rawValue): return .alreadyNew
    case Int(FTRACE_PATCH_INACCESSIBLE.rawValue): return .fault
    default:
      return unsafe .unexpected(SiteBytes(low: patch.replacement_low, high: patch.replacement_high).bytes)
    }
  }
}

/// What the patching of one place came to: 0, 1 and 2 of the original.
package enum ModifyResult: Hashable, Sendable {
  case modified
  /// The new bytes were there: success, and nothing was written.
  case alreadyNew
  /// The place is not code of this runtime, or crosses a word.
  case fault
  /// Other bytes were there; nothing was written.
  case unexpected([UInt8])
}
