import FtraceCodeMemory
import FtraceX86Assembler

extension EngineState {
  /// The code for a key, assembled and installed if it is not there yet.
  /// - Parameters:
  ///   - passedOver: thunks that will pass calls over. Where there is no memory for new code, present code will do that calls the same
  ///     thunks and some of these: so an ops can leave when the arena is full. For compiled ops, which nothing passes over, there is the reserve.
  ///   - callee: a multi-call that the code calls.
  func interned(
    _ key: TrampolineKey, passedOver: Set<UInt32>, callee: UInt32? = nil, _ emit: (Assembler) -> Void
  ) throws(FtraceError) -> UInt32 {
    if let trampoline = trampolines[key] { return trampoline.block.offset }
    do throws(FtraceError) {
      // From a line of the cache on: what is fetched for a site is as little as it can be, wherever code was placed before.
      let block = try assemble { code in
        code.align(64)
        emit(code)
      }
      trampolines[key] = Trampoline(block: block, callee: callee)
      for thunk in key.named { namings[thunk, default: 0] += 1 }
      return block.offset
    } catch {
      guard case .memory = error, let substitute = substitute(for: key, passedOver) else { throw error }
      return substitute
    }
  }

  private func substitute(for key: TrampolineKey, _ passedOver: Set<UInt32>) -> UInt32? {
    trampolines.first { other, _ in
      other.kind == key.kind && other.compiled == key.compiled && other.end == key.end && other.marked == key.marked
        && other.variant == key.variant && other.keepsRegisters == key.keepsRegisters
        && other.saves.isSuperset(of: key.saves)
        && other.thunks.filter { !passedOver.contains($0) } == key.thunks
    }?.value.block.offset
  }

  /// Assembles and installs code of the engine's own.
  func assemble(_ emit: (Assembler) -> Void) throws(FtraceError) -> CodeBlock {
    let a = Assembler()
    emit(a)
    return try assemble(a).block
  }

  /// Installs code of the engine's own that has been emitted, and says where in it its labels are.
  func assemble(_ a: Assembler) throws(FtraceError) -> (code: AssembledCode, block: CodeBlock) {
    let code: AssembledCode
    do throws(AssemblerError) { code = try a.finish() } catch { throw .assembly(error) }
    return (code, try install(code))
  }

  /// Retires the trampolines that nothing calls after the last commit.
  func retireUnusedTrampolines() {
    var used: Set<UInt32> = [actual.callerTarget]
    for case .call(let offset) in actual.classTargets + actual.exitTargets { used.insert(offset) }
    // A quarantined site keeps the call that was found in it.
    for (site, entry) in quarantine {
      // If its page could not be written, it is what was expected.
      let bytes = entry.found.isEmpty ? entry.expected : entry.found
      if let target = SiteBytes(bytes)?.callTarget(from: site) { used.insert(target) }
    }
    for trampoline in trampolines.values where used.contains(trampoline.block.offset) {
      if let callee = trampoline.callee { used.insert(callee) }
    }
    for (key, trampoline) in trampolines where !used.contains(trampoline.block.offset) {
      trampolines[key] = nil
      retire(trampoline.block) { [unowned self] in trampolineReclaimed(key.named) }
    }
  }

  /// Retires the thunk of an ops that nothing calls any more, as soon as no trampoline names it: a worker that is parked in the callback
  /// of another ops still goes through the rest of the multi-call that it came by, and no stack shows what that will be; and a site
  /// whose page cannot be written keeps the trampoline that it calls.
  func retireThunk(_ thunk: CodeBlock, then release: @escaping () -> Void) {
    if namings[thunk.offset] == nil {
      retireForGood(thunk, then: release)
    } else {
      leavingThunks[thunk.offset] = (thunk, release)
    }
  }

  private func trampolineReclaimed(_ thunks: [UInt32]) {
    for thunk in thunks {
      namings[thunk, default: 1] -= 1
      guard namings[thunk] == 0 else { continue }
      namings[thunk] = nil
      if let (block, release) = leavingThunks.removeValue(forKey: thunk) { retireForGood(block, then: release) }
    }
  }

  private func retireForGood(_ thunk: CodeBlock, then release: @escaping () -> Void) {
    retire(thunk) { [unowned self] in
      disarmed.remove(thunk.offset)
      release()
    }
  }
}
