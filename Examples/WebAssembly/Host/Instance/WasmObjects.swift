import CFtraceShims
import CFtraceWasm

/// A linear memory.
@safe package final class WasmMemory {
  // Safe: freed in `deinit`; the store keeps this object as long as code that accesses it.
  let raw: UnsafeMutablePointer<ftrace_wasm_memory>
  /// As it was declared.
  package let limits: Limits

  /// Nil if there is no room for it.
  package init?(_ limits: Limits, in store: WasmStore) {
    self.limits = limits
    let limit = min(limits.maximum ?? 65536, store.memoryLimit, 65536)
    unsafe raw = .allocate(capacity: 1)
    guard limits.minimum <= limit, unsafe ftrace_wasm_memory_make(raw, limits.minimum, limit) == 0 else {
      unsafe raw.deallocate()
      return nil
    }
    store.keep(self)
  }

  deinit {
    unsafe ftrace_wasm_memory_free(raw)
    unsafe raw.deallocate()
  }

  /// Its present size.
  package var pages: UInt64 { unsafe raw.pointee.bytes / UInt64(FTRACE_WASM_PAGE) }

  /// Its present bytes: valid until the store goes; what is added by growing lies behind them.
  package var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: raw.pointee.base, count: Int(raw.pointee.bytes))
  }
}

/// A table of references.
@safe package final class WasmTable {
  // Safe: as a memory's.
  let raw: UnsafeMutablePointer<ftrace_wasm_table>
  package let type: TableType

  /// Nil if there is no room for it.
  package init?(_ type: TableType, value: UInt64 = 0, in store: WasmStore) {
    self.type = type
    // More than anyone has memory for.
    let limit = UInt32(min(type.limits.maximum ?? 1 << 31, 1 << 31))
    unsafe raw = .allocate(capacity: 1)
    guard type.limits.minimum <= 1 << 26,
      unsafe ftrace_wasm_table_make(raw, UInt32(type.limits.minimum), max(limit, UInt32(type.limits.minimum)), value)
    else {
      unsafe raw.deallocate()
      return nil
    }
    store.keep(self)
  }

  deinit {
    unsafe ftrace_wasm_table_free(raw)
    unsafe raw.deallocate()
  }

  package var count: Int { unsafe Int(raw.pointee.count) }
}

/// A global: a word in an instance's context, or one of the host's.
@safe package final class WasmGlobal {
  // Safe: the store keeps what the word is in.
  let word: UnsafeMutablePointer<UInt64>
  package let type: GlobalType
  private let isOwn: Bool

  /// A global of the host's.
  package init(_ type: GlobalType, _ value: WasmValue, in store: WasmStore) {
    self.type = type
    isOwn = true
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: value.word)
    store.keep(self)
  }

  init(_ type: GlobalType, at word: UnsafeMutablePointer<UInt64>) {
    self.type = type
    unsafe self.word = word
    isOwn = false
  }

  deinit { if isOwn { unsafe word.deallocate() } }

  package var value: WasmValue {
    get { unsafe WasmValue(word.pointee, type.value) }
    set { unsafe word.pointee = newValue.word }
  }
}

/// A function: of an instance, or of the host.
@safe package struct WasmFunction {
  // Safe: the store keeps what the record is in.
  let record: UnsafeMutablePointer<ftrace_wasm_function>
  package let type: FunctionType

  /// As a value of references.
  package var reference: WasmValue { unsafe .funcref(UInt(bitPattern: record)) }
}

/// A tag: exceptions that were thrown with it are caught by it alone.
@safe package final class WasmTag {
  // Safe: a word whose address is the tag's identity; the store keeps this object.
  let identity: UnsafeMutablePointer<UInt64>
  package let type: FunctionType

  package init(_ type: FunctionType, in store: WasmStore) {
    self.type = type
    unsafe identity = .allocate(capacity: 1)
    store.keep(self)
  }

  deinit { unsafe identity.deallocate() }
}

/// What an instance exports, and imports.
package enum WasmExternal {
  case function(WasmFunction)
  case table(WasmTable)
  case memory(WasmMemory)
  case global(WasmGlobal)
  case tag(WasmTag)
}
