import FtraceCodeMemory
import FtraceX86Assembler

extension EngineState {
  /// The code for a key, assembled and installed if it is not there yet.
  func interned(_ key: TrampolineKey, _ emit: (Assembler) -> Void) throws(FtraceError) -> UInt32 {
    if let block = trampolines[key] { return block.offset }
    let block = try assemble(emit)
    trampolines[key] = block
    if key.kind == .multiCall { for thunk in key.thunks { multiCalls[thunk, default: 0] += 1 } }
    return block.offset
  }

  /// Assembles and installs code of the engine's own.
  func assemble(_ emit: (Assembler) -> Void) throws(FtraceError) -> CodeBlock {
    let a = Assembler()
    emit(a)
    let code: AssembledCode
    do throws(AssemblerError) { code = try a.finish() } catch { throw .assembly(error) }
    return try install(code)
  }

  /// Retires the trampolines that nothing calls after the last commit.
  func retireUnusedTrampolines() {
    var used: Set<UInt32> = [actual.callerTarget]
    for case .call(let offset) in actual.classTargets { used.insert(offset) }
    // A quarantined site keeps the call that was found in it.
    for (site, entry) in quarantine {
      // If its page could not be written, it is what was expected.
      let bytes = entry.found.isEmpty ? entry.expected : entry.found
      if let target = SiteBytes(bytes)?.callTarget(from: site) { used.insert(target) }
    }
    for (key, block) in trampolines where key.kind == .caller && used.contains(block.offset) {
      // A trampoline for several ops calls a multi-call.
      let inner = TrampolineKey(kind: .multiCall, thunks: key.thunks, registers: false)
      if let block = trampolines[inner] { used.insert(block.offset) }
    }
    for (key, block) in trampolines where !used.contains(block.offset) {
      trampolines[key] = nil
      retire(block, then: key.kind == .multiCall ? { [unowned self] in multiCallReclaimed(key.thunks) } : nil)
    }
  }

  /// Retires the thunk of an ops that nothing calls any more, as soon as no multi-call names it: a worker that is parked in the callback
  /// of another ops still goes through the rest of the multi-call that it came by, and no stack shows what that will be.
  func retireThunk(_ thunk: CodeBlock, then release: @escaping () -> Void) {
    if multiCalls[thunk.offset] == nil {
      retire(thunk, then: release)
    } else {
      leavingThunks[thunk.offset] = (thunk, release)
    }
  }

  private func multiCallReclaimed(_ thunks: [UInt32]) {
    for thunk in thunks {
      multiCalls[thunk, default: 1] -= 1
      guard multiCalls[thunk] == 0 else { continue }
      multiCalls[thunk] = nil
      if let (block, release) = leavingThunks.removeValue(forKey: thunk) { retire(block, then: release) }
    }
  }
}
