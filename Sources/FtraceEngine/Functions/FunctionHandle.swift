import FtraceCodeMemory
import FtraceX86Assembler

/// A function of a runtime, by identity: it stays the same through renaming and redefinition.
///
/// A handle keeps the function's gate valid, and the runtime's memory alive. All members may be used from any thread.
public final class FunctionHandle: Sendable {
  let core: RuntimeCore
  let id: EntityNumber
  // Safe: the entity is touched under the engine's lock alone; its slot lives as long as this handle.
  private nonisolated(unsafe) let entity: FunctionEntity

  /// Under the engine's lock.
  init(_ entity: FunctionEntity, core: RuntimeCore) {
    self.core = core
    unsafe self.entity = entity
    id = entity.id
    entity.handles += 1
  }

  deinit { core.drop(unsafe .function(entity)) }

  func withEntity<Result>(
    _ body: (EngineState, FunctionEntity) throws(FtraceError) -> Result
  ) throws(FtraceError) -> Result {
    try core.withState { (state) throws(FtraceError) in unsafe try body(state, entity) }
  }

  /// For requests, which touch it under the engine's lock.
  var entityUnderLock: FunctionEntity { unsafe entity }

  /// Address of the slot that holds the address of the present body.
  package var slotAddress: UInt { unsafe UInt(bitPattern: entity.slot) }

  /// The present name.
  public var name: String { core.state.withLock { _ in unsafe entity.name } }

  /// The classes of arguments and result, if they were stated: as at the first time, be it a declaration or the definition.
  public var signature: Signature? { core.state.withLock { _ in unsafe entity.signature } }

  /// The signature of a function, for who is about to call it by one: a declared function that states none has that one from here on.
  /// - Throws: `.signatureMismatch`; nothing has changed.
  package func expect(_ signature: Signature) throws(FtraceError) {
    try withEntity { (state, function) throws(FtraceError) in
      guard function.signature != nil || function.state == .declared else { return }
      try state.adopt(signature, by: function)
    }
  }

  /// Whether calls run a body.
  public var isLive: Bool { core.state.withLock { _ in unsafe entity.state == .live } }

  /// The symbol that emitted code calls the function by: `f.call(slot: handle.symbol)`.
  public var symbol: Symbol { EngineSymbol.function(id).symbol }

  /// The address to give to C, to `qsort`, to `pthread_create`: a gate, which attaches the thread if needed, enters, calls, leaves.
  ///
  /// Valid for as long as this handle lives. After `free` it traps with the function's name.
  /// - Throws: at the first call `.functionFreed`, and errors of the code memory.
  public func gate() throws(FtraceError) -> UInt {
    try withEntity { (state, function) throws(FtraceError) in
      if let gate = function.gate { return state.executable(gate.offset) }
      guard function.state != .freed else { throw .functionFreed(function.name) }
      let gate = try state.assemble { a in
        a.gate(slot: EngineSymbol.function(function.id).symbol, signature: function.signature, stubs: state.stubs)
      }
      function.gate = gate
      state.tellObservers(.gate, at: gate)
      return state.executable(gate.offset)
    }
  }

  /// The address of the present body's first byte.
  ///
  /// It may be called only while the thread is inside (`Worker.inside`), and only until the function is redefined or freed.
  @unsafe public func rawEntry() throws(FtraceError) -> UInt {
    try withEntity { (state, function) throws(FtraceError) in
      let body = try function.presentBody
      return state.executable(body.block.offset)
    }
  }

  /// The bytes of the present body, as they are now, and their address.
  public func code() throws(FtraceError) -> (address: UInt, bytes: [UInt8]) {
    try withEntity { (state, function) throws(FtraceError) in
      let body = try function.presentBody
      let address = state.executable(body.block.offset)
      // Safe: the block is live while the lock is held, and readable.
      let bytes = unsafe UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: address), count: Int(body.block.size))
      return unsafe (address, Array(bytes))
    }
  }
}

extension FunctionHandle: CustomStringConvertible {
  public var description: String { name }
}
