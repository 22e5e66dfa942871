import CFtraceShims
import FtraceCodeMemory
import FtraceX86Assembler

/// Defining, replacing and freeing functions.
extension TraceRuntime {
  /// Displacements of the thread block, for builders.
  public static var threadLayout: ThreadLayout { ThreadBlock.layout }

  /// Defines a function by building it.
  /// - Throws: `.nameTaken`, `.assembly`, `.memory`, `.invalidImage`, or what `build` throws as `.assembly`; nothing is defined then.
  public func define(
    _ name: String, signature: Signature? = nil, _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws(FtraceError) -> FunctionHandle {
    // Early, so that nothing is built in vain; what decides is the second look.
    try withState { (state) throws(FtraceError) in
      if let existing = state.functionsByName[name], existing.state != .declared { throw .nameTaken(name) }
    }
    return try define(try Self.build(name, build), signature: signature)
  }

  /// Makes a function without a body, so that others can refer to it: for recursion among several. Calls trap until it is defined.
  ///
  /// The signature can be stated here or at the definition. A gate that is made before either passes on arguments in registers alone.
  /// - Throws: `.nameTaken`, `.signatureMismatch`, `.memory`; nothing is declared then.
  public func declare(_ name: String, signature: Signature? = nil) throws(FtraceError) -> FunctionHandle {
    let core = core.value
    return try core.install { (state) throws(FtraceError) in
      FunctionHandle(try state.declare(name, signature: signature, forward: true), core: core)
    }
  }

  /// Defines a function from an image that was assembled elsewhere.
  public func define(_ image: FunctionImage, signature: Signature? = nil) throws(FtraceError) -> FunctionHandle {
    let core = core.value
    return try core.install { (state) throws(FtraceError) in
      FunctionHandle(try state.define(image, signature: signature), core: core)
    }
  }

  /// Imports code as bytes, with the places of its sites: a NOP of five bytes or a near call each, within an aligned word of eight.
  public func importFunction(
    _ name: String, bytes: [UInt8], sites: [(offset: Int, kind: SiteKind)], signature: Signature? = nil
  ) throws(FtraceError) -> FunctionHandle {
    let image = FunctionImage(
      name: name, bytes: bytes, sites: sites.map { Site(offset: $0.offset, kind: $0.kind) })
    return try define(image, signature: signature)
  }

  /// Gives a function a new body. When this returns, each new call runs it: by handle, by name, and from code emitted before.
  /// Calls in flight finish in the old body, whose memory is reclaimed when no stack refers to it.
  /// - Throws: `.functionFreed`, `.foreignFunction`, `.assembly`, `.memory`, `.invalidImage`; the function keeps its body.
  public func redefine(
    _ function: FunctionHandle, _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws(FtraceError) {
    try setBody(try Self.build(function.name, build), of: function)
  }

  /// Frees a function. Its name can be used again when this returns; calls by its handle trap.
  /// - Parameters:
  ///   - function: the function.
  ///   - force: frees it although emitted code calls it: such a call then traps with the name.
  /// - Throws: `.stillCalled` with the callers, `.functionFreed`, `.foreignFunction`; the function is not freed then. `.quiescence` if the stop that drops its
  ///   sites was not possible: the function is freed all the same, and its memory follows with a later stop.
  public func free(_ function: FunctionHandle, force: Bool = false) throws(FtraceError) {
    try core.value.free(try entity(of: function), force: force)
  }

  /// Frees several functions in one stop, or in a few if some of them call others of them: callers go first.
  ///
  /// Each succeeds or fails by itself. Those that call one another in a circle are freed by force alone.
  /// - Parameters:
  ///   - functions: the functions.
  ///   - force: frees them although emitted code calls them: such a call then traps with the name.
  /// - Returns: for each function what stood in the way, `.stillCalled` or `.functionFreed`; nil where it was freed.
  /// - Throws: `.foreignFunction` if one is of another runtime: none is freed then. `.quiescence` if a stop was not possible: some may be
  ///   freed by then, as `FunctionHandle.isLive` shows.
  @discardableResult
  public func free(_ functions: [FunctionHandle], force: Bool = false) throws(FtraceError) -> [FtraceError?] {
    let entities = try functions.map { (function) throws(FtraceError) in try entity(of: function) }
    return try core.value.free(entities, force: force)
  }

  /// Renames a function. Filters apply to the new name when this returns.
  /// - Throws: `.nameTaken`, `.functionFreed`, `.foreignFunction`, `.quiescence`; it keeps its name.
  public func rename(_ function: FunctionHandle, to name: String) throws(FtraceError) {
    try core.value.requests.perform(RenameRequest(try entity(of: function), to: name))
  }

  /// A function by name. O(1) if there is one; comparing a wrong name with all others for the error is linear, and stalls nobody.
  /// - Throws: `.unknownFunction` with the nearest name.
  public func function(named name: String) throws(FtraceError) -> FunctionHandle {
    let core = core.value
    let (handle, others) =
      try withState { (state) throws(FtraceError) in
        // The names go out for the error alone: whoever defined a function meanwhile would copy them.
        if let function = state.functionsByName[name] { return (FunctionHandle(function, core: core), [:].keys) }
        return (nil, state.functionsByName.keys)
      } as (FunctionHandle?, Dictionary<String, FunctionEntity>.Keys)
    if let handle { return handle }
    // Without the lock: the comparison with many names takes long.
    throw .unknownFunction(name, nearest: others.nearest(to: name))
  }

  /// Names of all functions, in order.
  public var functionNames: [String] { read { $0.functionsByName.keys.sorted() } }

  /// The name of what an address belongs to: a function, a stub of the runtime, or nil for an address outside of its code.
  public func name(of address: UInt) -> String? {
    read { state in state.offset(of: address).map { state.name(at: $0) } }
  }

  /// The same, as of a time of the time-stamp counter: code that was freed or replaced since does not give its name away.
  public func name(of address: UInt, at time: UInt64) -> String? {
    read { state in
      guard let offset = state.offset(of: address) else { return nil }
      if let entry = state.arena.entry(containing: address), let body = state.bodies[entry.tag],
        body.installedAt <= time
      {
        return body.name
      }
      return state.names.name(at: offset, time: time) ?? state.name(at: offset)
    }
  }

  /// The name and the signature of what an address belonged to at a time, and the times for which that is the answer; nil for an address outside
  /// of the runtime's code. Lets a reader of many events ask once for each body.
  package func nameAndLifetime(
    of address: UInt, at time: UInt64
  ) -> (name: String, signature: Signature?, lifetime: ClosedRange<UInt64>)? {
    read { state in
      guard let offset = state.offset(of: address) else { return nil }
      let present = state.arena.entry(containing: address).flatMap { state.bodies[$0.tag] }
      if let body = present, body.installedAt <= time {
        return (body.name, body.signature, body.installedAt...max(time, ftrace_rdtsc()))
      }
      if let gone = state.names.entry(at: offset, time: time) {
        return (gone.name, gone.signature, gone.from...gone.until)
      }
      return (state.name(at: offset), present?.signature, time...time)
    }
  }

  /// Makes a Swift closure callable by emitted code. `Ftrace` builds `hostFunction` on this.
  package func makeHost(
    _ name: String, signature: Signature, closure: HostClosure
  ) throws(FtraceError) -> HostHandle {
    let core = core.value
    return try core.install { (state) throws(FtraceError) in
      HostHandle(try state.makeHost(name, signature: signature, closure: closure), core: core)
    }
  }

  /// The address of the adaptor of a signature: `adaptor(slot, arguments, result)`, all in cells of eight bytes.
  package func adaptor(for signature: Signature) throws(FtraceError) -> UInt {
    try withState { (state) throws(FtraceError) in try state.adaptor(for: signature) }
  }

  /// Nothing is done when a handle comes from another runtime.
  package func check(_ function: FunctionHandle) throws(FtraceError) {
    guard function.core === core.value else { throw .foreignFunction(function.name) }
  }

  // MARK: - Parts

  /// For requests, which touch it under the engine's lock.
  func entity(of function: FunctionHandle) throws(FtraceError) -> FunctionEntity {
    try check(function)
    return function.entityUnderLock
  }

  func setBody(_ image: FunctionImage, of function: FunctionHandle) throws(FtraceError) {
    let function = try entity(of: function)
    try core.value.install { (state) throws(FtraceError) in try state.setBody(image, of: function) }
  }

  static func build(
    _ name: String, _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws(FtraceError) -> FunctionImage {
    let builder = FunctionBuilder(name: name, layout: threadLayout)
    do throws(AssemblerError) {
      try build(builder)
      return try builder.finish()
    } catch { throw .assembly(error) }
  }
}

extension EngineState {
  func adaptor(for signature: Signature) throws(FtraceError) -> UInt {
    let signature = signature.passing
    if let block = adaptors[signature] { return executable(block.offset) }
    let block = try assemble { $0.adaptor(signature, stubs: stubs) }
    adaptors[signature] = block
    tellObservers(.adaptor, at: block)
    return executable(block.offset)
  }

  func makeHost(_ name: String, signature: Signature, closure: HostClosure) throws(FtraceError) -> HostEntity {
    typealias Invoke = @convention(c) (UnsafeRawPointer, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void
    let invoke: Invoke = { closure, arguments, result in
      // Safe: the thunk's entity owns the closure, and outlives every frame of the thunk.
      unsafe Unmanaged<HostClosure>.fromOpaque(closure)._withUnsafeGuaranteedRef {
        unsafe $0.invoke(arguments, result)
      }
    }
    let slot = unsafe try allocateSlot()
    do throws(FtraceError) {
      let address = unsafe UInt(bitPattern: Unmanaged.passUnretained(closure).toOpaque())
      let thunk = try assemble {
        $0.hostThunk(signature, closure: address, invoke: unsafe unsafeBitCast(invoke, to: UInt.self))
      }
      unsafe slot.pointee = executable(thunk.offset)
      let host = unsafe HostEntity(
        id: .make(), name: name, signature: signature, thunk: thunk, closure: closure, slot: slot)
      hosts[host.id] = host
      return host
    } catch {
      unsafe arena.freeSlot(slot)
      throw error
    }
  }
}
