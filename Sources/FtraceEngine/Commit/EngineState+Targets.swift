import FtraceX86Assembler

/// What the code is to be: from the ops that are wanted to the trampolines that sites call.
extension EngineState {
  /// Builds the trampolines that a desired state needs. They are reachable only after the stop.
  func codeState(for next: DesiredState, passedOver: Set<UInt32>) throws(FtraceError) -> CodeState {
    let shared = next.ops.filter(\.isShared)
    var state = CodeState(
      mcountTarget: next.enabled ? stubs.recordIP : stubs.stub, callerTarget: stubs.stub, classTargets: [],
      exitTargets: [])
    if next.enabled { state.callerTarget = try calledTarget(shared, passedOver) }
    state.classTargets.reserveCapacity(classes.list.count)
    state.exitTargets.reserveCapacity(classes.list.count)
    for siteClass in classes.list {
      guard let siteClass else {
        state.classTargets.append(.nop)
        state.exitTargets.append(.nop)
        continue
      }
      state.classTargets.append(try target(of: siteClass, at: .entry, next, passedOver))
      state.exitTargets.append(try target(of: siteClass, at: .exit, next, passedOver))
    }
    return state
  }

  /// What the sites of a class are to be at one end of their functions.
  func target(
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
    return .call(
      try trampoline(
        for: wanting, at: end, marked: marked, variant: siteClass.variant,
        keepsRegisters: end == .entry || siteClass.keepsRegisters, passedOver))
  }

  /// Gives a class that may have been made just now its targets. If it was, no site is of it yet, so that this takes no stop.
  /// - Throws: `.memory`; the class has the targets that it had.
  func admit(_ number: UInt16) throws(FtraceError) {
    while actual.classTargets.count <= Int(number) {
      actual.classTargets.append(.nop)
      actual.exitTargets.append(.nop)
    }
    guard killedReason == nil else { return }
    defer { retireUnusedTrampolines() }
    let passedOver = passedOver(by: Batch(desired))
    let target = try target(of: classes[number], at: .entry, desired, passedOver)
    let exit = try self.target(of: classes[number], at: .exit, desired, passedOver)
    // Safe: the table has a word for each number, and the recorder reads it only for sites of the class.
    unsafe tables.recorder.pointee.class_target[Int(number)] = UInt64(executable(called(by: target)))
    (actual.classTargets[Int(number)], actual.exitTargets[Int(number)]) = (target, exit)
    classes.admitted(number)
  }

  /// Gives back the classes without sites, from time to time. After a commit: then no site is on its way from one class to another.
  func sweepClasses() {
    guard classes.isWorthSweeping else { return }
    var used: Set<UInt16> = []
    // Those that went are among them until their memory is reclaimed.
    for body in bodies.values {
      for site in body.siteOffsets { used.insert(unsafe tables.desiredClass[Int(site >> 3)]) }
    }
    classes.sweep(used: used)
    for (number, siteClass) in classes.list.enumerated() where siteClass == nil && number < actual.classTargets.count {
      // Safe: as above. What is called now may be retired.
      unsafe tables.recorder.pointee.class_target[number] = UInt64(executable(stubs.stub))
      (actual.classTargets[number], actual.exitTargets[number]) = (.nop, .nop)
    }
  }

  /// What is called at a site of a target, by the recorder on its behalf if need be.
  func called(by target: SiteTarget) -> UInt32 {
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
    for ops: [RegisteredOps], at end: TraceEnd, marked: UInt32, variant: UInt32, keepsRegisters: Bool,
    _ passedOver: Set<UInt32>
  ) throws(FtraceError) -> UInt32 {
    let compiled = ops.filter { $0.isCompiled }
    let called = ops.filter { !$0.isCompiled }
    let saves = called.reduce(into: SaveSet()) { $0.formUnion($1.ops.saves) }
    let variant = compiled.contains { $0.ops.body?.wantsValues == true } ? variant : 0
    // A callback that asks for the registers is shown all of them as they were at the site.
    let keepsRegisters = compiled.isEmpty ? false : keepsRegisters || saves.contains(.registers)
    let key = TrampolineKey(
      kind: .caller, compiled: compiled.map(\.thunk.offset), thunks: called.map(\.thunk.offset), saves: saves,
      end: compiled.isEmpty ? nil : end, variant: variant, keepsRegisters: keepsRegisters, marked: marked)
    if let trampoline = trampolines[key] { return trampoline.block.offset }
    let target = try calledTarget(called, passedOver)
    return try interned(key, passedOver: passedOver, callee: called.count > 1 ? target : nil) { a in
      a.align(64)
      let bodies = compiled.map {
        builder(of: $0, at: end, isMarked: marked & (1 << $0.number) != 0, variant, keepsRegisters: keepsRegisters, a)
      }
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
    of ops: RegisteredOps, at end: TraceEnd, isMarked: Bool, _ variant: UInt32, keepsRegisters: Bool, _ a: Assembler
  ) -> BodyBuilder {
    let slow = ops.thunk.offset + (end == .entry ? 0 : Assembler.slowCodeStride)
    let builder = BodyBuilder(
      a, end, isMarked: isMarked, slot: slot.index, ops: ops.number, slowCode: EngineSymbol.code(slow).symbol,
      clockCode: stubs.readMonotonic, base: executable(0), keepsRegisters: keepsRegisters,
      values: ops.ops.body?.wantsValues == true ? variants[variant] : nil)
    ops.ops.body?.emit(end, into: builder)
    builder.finish()
    return builder
  }
}
