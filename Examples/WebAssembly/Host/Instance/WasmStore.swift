import CFtraceWasm

/// Instances that can call each other, and what they own. One thread at a time uses a store.
@safe package final class WasmStore {
  package let engine: WasmEngine
  /// Pages that each memory may have at most, whatever its module says.
  package var memoryLimit: UInt64 = 65536
  // Safe: made here, freed in `deinit`, when no code of the store's instances can run any more.
  let raw: UnsafeMutablePointer<ftrace_wasm_store>
  /// What host functions are called in: a context without a memory.
  let hostContext: UnsafeMutablePointer<ftrace_wasm_context>
  private var owned: [AnyObject] = []
  /// What the host function failed with that a trap is on its way for.
  var pendingError: (any Error)?

  package init(_ engine: WasmEngine) {
    self.engine = engine
    unsafe raw = .allocate(capacity: 1)
    // Zeros are a valid store.
    unsafe UnsafeMutableRawPointer(raw).initializeMemory(
      as: UInt8.self, repeating: 0, count: MemoryLayout<ftrace_wasm_store>.size)
    guard let context = unsafe ftrace_wasm_context_make(raw, 0) else { preconditionFailure("no memory for a store") }
    unsafe hostContext = context
  }

  deinit {
    owned.removeAll()
    unsafe ftrace_wasm_contexts_free(raw)
    unsafe ftrace_wasm_exceptions_free(raw)
    unsafe raw.deallocate()
  }

  /// Keeps an object as long as the store: instances refer to it.
  func keep(_ object: AnyObject) { owned.append(object) }
}
