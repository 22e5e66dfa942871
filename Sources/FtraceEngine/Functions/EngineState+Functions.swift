import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence
import FtraceX86Assembler

extension EngineState {
  /// Makes a function without a body: others can refer to it, calls trap.
  /// - Parameter forward: whether others can see it before it has a body, so that a call is to trap with its name.
  func declare(_ name: String, signature: Signature?, forward: Bool) throws(FtraceError) -> FunctionEntity {
    if let existing = functionsByName[name] {
      guard existing.state == .declared else { throw .nameTaken(name) }
      if let signature { try adopt(signature, by: existing) }
      return existing
    }
    let slot = unsafe try allocateSlot()
    let function = unsafe FunctionEntity(id: .make(), name: name, signature: signature, slot: slot)
    if forward {
      do throws(FtraceError) {
        try setUndefinedTrap(of: function)
      } catch {
        unsafe arena.freeSlot(slot)
        throw error
      }
    }
    functions[function.id] = function
    functionsByName[name] = function
    return function
  }

  /// Gives a declared function the signature that is stated for it, unless it has another.
  func adopt(_ signature: Signature, by function: FunctionEntity) throws(FtraceError) {
    if let expected = function.signature {
      guard expected.passing != signature.passing else { return }
      throw .signatureMismatch(function.name, expected: "\(expected)", found: "\(signature)")
    }
    // Its address is out, and its code passes on what is in registers.
    if function.gate != nil, CallingConvention.sysV.stackBytes(of: signature.arguments) > 0 {
      throw .signatureMismatch(
        function.name, expected: "one without arguments on the stack, because its gate was made before one was stated",
        found: "\(signature)")
    }
    function.signature = signature
  }

  /// Makes a function with its body, or neither: nobody sees it in between.
  func define(_ image: FunctionImage, signature: Signature?) throws(FtraceError) -> FunctionEntity {
    let earlier = functionsByName[image.name]
    let earlierSignature = earlier?.signature
    let function = try declare(image.name, signature: signature, forward: false)
    do throws(FtraceError) {
      try setBody(image, of: function)
    } catch {
      if earlier == nil {
        functionsByName[image.name] = nil
        functions[function.id] = nil
        unsafe arena.freeSlot(function.slot)
      } else {
        function.signature = earlierSignature
      }
      throw error
    }
    return function
  }

  /// The same, for a function whose slot is a word of the host's.
  func define(
    _ image: FunctionImage, signature: Signature?, calledThrough word: UnsafeMutablePointer<UInt>
  ) throws(FtraceError) -> FunctionEntity {
    guard functionsByName[image.name] == nil else { throw .nameTaken(image.name) }
    let function = unsafe FunctionEntity(
      id: .make(), name: image.name, signature: signature, slot: word, ownsSlot: false)
    functions[function.id] = function
    functionsByName[image.name] = function
    do throws(FtraceError) {
      try setBody(image, of: function)
    } catch {
      functionsByName[image.name] = nil
      functions[function.id] = nil
      throw error
    }
    return function
  }

  /// Gives a function a body: its first, or one that replaces the present one. When this returns, every new call runs it.
  func setBody(_ image: FunctionImage, of function: FunctionEntity) throws(FtraceError) {
    guard function.state != .freed else { throw .functionFreed(function.name) }
    // The name of this moment: it may have been renamed while the code was built.
    var image = image
    image.name = function.name
    let body = try installBody(image, of: function)
    publish(executable(body.block.offset), in: function)
    if let old = function.body { unlink(old) }
    function.body = body
    function.state = .live
    if let trap = function.trap {
      function.trap = nil
      retire(trap)
    }
    startDaemon?()
  }

  /// Frees a function: calls through its slot trap from here on. Its sites are dropped in the next commit.
  func free(_ function: FunctionEntity, force: Bool) -> FreeRequest.Result {
    guard function.state != .freed else { return .refused(.functionFreed(function.name)) }
    let callers = callers(of: function)
    if !force, !callers.isEmpty {
      let names = callers.map { $0.isUnlinked ? "\($0.name) (an earlier body, still running)" : $0.name }
      let error = FtraceError.stillCalled(function.name, callers: Array(Set(names)).sorted())
      // Those that are gone themselves count until their memory is reclaimed.
      return callers.allSatisfy(\.isUnlinked) ? .calledByUnlinked(error) : .refused(error)
    }
    do throws(FtraceError) {
      try setTrap(of: function, reason: "has been freed")
    } catch {
      // Freeing makes room; it must not need any.
      publish(executable(stubs.namelessTrap), in: function)
    }
    functionsByName[function.name] = nil
    function.state = .freed
    if let body = function.body {
      function.body = nil
      unlink(body)
    }
    release(function)
    return .freed
  }

  // MARK: - Parts

  /// Bodies whose code refers to a function; its own calls do not count.
  private func callers(of function: FunctionEntity) -> [FunctionBody] {
    function.callers.compactMap { bodiesByIdentity[$0] }.filter { $0.ownerID != function.id }
  }

  /// Stores the address that calls go to. Any thread that calls after this returns runs the new code.
  private func publish(_ address: UInt, in function: FunctionEntity) {
    // Pairs with the load in `call [rip + slot]`: the code was written before. Aligned, so it is one store.
    unsafe ftrace_store_release(function.slot, address)
  }

  /// Has calls of a declared function trap, with its present name.
  func setUndefinedTrap(of function: FunctionEntity) throws(FtraceError) {
    try setTrap(of: function, reason: "has no body yet: define it")
  }

  private func setTrap(of function: FunctionEntity, reason: StaticString) throws(FtraceError) {
    let name = Array(function.name.utf8).filter { $0 != 0 }
    let trap = try assemble { $0.trapCall(name: name, reason: reason) }
    publish(executable(trap.offset), in: function)
    if let old = function.trap { retire(old) }
    function.trap = trap
  }

  /// Takes a body out of use: its entries are dropped in the next stop, its memory and its exits follow when nothing refers to it.
  private func unlink(_ body: FunctionBody) {
    body.isUnlinked = true
    unlinked.append(body)
  }

  /// What is left to do when a retired body's memory is reclaimed.
  func bodyReclaimed(_ body: FunctionBody, tag: UInt32) {
    names.record(
      start: body.block.offset, size: body.block.size, name: body.name, body.signature, since: body.installedAt)
    dropExits(of: body)
    let identity = ObjectIdentifier(body)
    bodies[tag] = nil
    bodiesByIdentity[identity] = nil
    if body.callsItself, let owner = functions[body.ownerID] {
      owner.callers.remove(identity)
      release(owner)
    }
    for callee in body.callees {
      callee.callers.remove(identity)
      release(callee)
    }
    for host in body.hosts {
      host.callers.remove(identity)
      release(host)
    }
  }

  /// Gives back what a freed function still holds, once nothing refers to it.
  func release(_ function: FunctionEntity) {
    guard function.state == .freed, function.handles == 0, function.callers.isEmpty, functions[function.id] != nil
    else {
      return
    }
    functions[function.id] = nil
    let slot = unsafe function.slot
    // The gate reads the slot, so the slot goes after it.
    if let trap = function.trap { retire(trap) }
    let ownsSlot = function.ownsSlot
    if let gate = function.gate {
      retire(gate) { [arena] in if ownsSlot { unsafe arena.freeSlot(slot) } }
    } else if ownsSlot {
      unsafe arena.freeSlot(slot)
    }
  }

  /// The same for a host function: its thunk, and with it the closure.
  func release(_ host: HostEntity) {
    guard host.handles == 0, host.callers.isEmpty, hosts[host.id] != nil else { return }
    hosts[host.id] = nil
    let slot = unsafe host.slot
    // The closure lives as long as a frame of the thunk may.
    retire(host.thunk) { [unowned self] in
      unsafe arena.freeSlot(slot)
      garbage.append(host)
    }
  }

  func isExcluded(_ body: FunctionBody) -> Bool {
    if case .wideVectors = body.exclusion { true } else { false }
  }

  /// The changes that bring the sites of a body to a class.
  func classChanges(of body: FunctionBody, to new: UInt16) -> [ClassChange] {
    body.tracedSiteOffsets.compactMap { site in
      let old = unsafe tables.desiredClass[Int(site >> 3)]
      return old == new ? nil : ClassChange(site: site, old: old, new: new)
    }
  }

  /// The name of what an address belongs to: a function, or a stub of the engine's.
  func name(at offset: UInt32) -> String {
    if let entry = arena.entry(containing: executable(offset)), let body = bodies[entry.tag] { return body.name }
    return generatedName(at: offset) ?? "0x" + String(executable(offset), radix: 16)
  }

  /// The name of the engine's own code at an offset. Linear in the number of blocks that the engine generated.
  private func generatedName(at offset: UInt32) -> String? {
    func holds(_ block: CodeBlock?) -> Bool {
      block.map { $0.offset <= offset && offset < $0.offset + $0.size } ?? false
    }
    if holds(stubBlock) { return stubs.name(at: offset) }
    if let stub = hostCode.first(where: { holds($0.block) }) { return stub.name }
    if adaptors.values.contains(where: holds) { return StubName.adaptor.rawValue }
    if let trampoline = trampolines.first(where: { holds($0.value.block) }) {
      return trampoline.key.kind == .multiCall ? "ftrace_multi_call" : "ftrace_trampoline"
    }
    if let ops = (desired.ops + leaving).first(where: { holds($0.thunk) }) { return "ftrace_thunk_\(ops.ops.name)" }
    if let host = hosts.values.first(where: { holds($0.thunk) }) { return host.name }
    if functions.values.contains(where: { holds($0.gate) }) { return StubName.gate.rawValue }
    return nil
  }
}
