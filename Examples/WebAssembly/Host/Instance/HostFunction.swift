import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler

/// A call of a host function, while it runs.
@safe package struct HostCall: ~Copyable {
  /// The store of the caller.
  package let store: WasmStore
  // Safe: the context of the caller, or a host's, and the thunk's cells: both outlive the call.
  private let caller: UnsafePointer<ftrace_wasm_context>?
  private let cells: UnsafeMutablePointer<UInt64>
  package let type: FunctionType

  init(
    store: WasmStore, caller: UnsafePointer<ftrace_wasm_context>?, cells: UnsafeMutablePointer<UInt64>,
    type: FunctionType
  ) {
    self.store = store
    unsafe self.caller = caller
    unsafe self.cells = cells
    self.type = type
  }

  package func argument(_ index: Int) -> WasmValue {
    precondition(type.parameters.indices.contains(index), "an argument of the function")
    return unsafe WasmValue(cells[index], type.parameters[index])
  }

  /// An argument's bits, of 32-bit integers the lower half.
  package func u32(_ index: Int) -> UInt32 {
    precondition(type.parameters.indices.contains(index), "an argument of the function")
    return unsafe UInt32(truncatingIfNeeded: cells[index])
  }

  package func u64(_ index: Int) -> UInt64 {
    precondition(type.parameters.indices.contains(index), "an argument of the function")
    return unsafe cells[index]
  }

  /// The memory of the instance that called; empty if it has none. Valid during the call, and until it grows.
  package var memory: UnsafeMutableRawBufferPointer {
    guard let memory = unsafe caller?.pointee.memory else {
      return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: memory.pointee.base, count: Int(memory.pointee.bytes))
  }
}

/// A Swift function that instances can import: an emitted function too, with sites of its own.
@safe package final class HostFunction {
  package typealias Body = (borrowing HostCall) throws -> [WasmValue]

  package let name: String
  package let type: FunctionType
  private let engine: WasmEngine
  // The store keeps this object, and is there during calls.
  private unowned let store: WasmStore
  private let body: Body
  // Safe: the record and the word live as long as the store, which keeps this object.
  private let record: UnsafeMutablePointer<ftrace_wasm_function>
  private let words: HostWords
  private var handle: FunctionHandle?

  /// - Parameters:
  ///   - name: as traces show it.
  ///   - type: what it is called with, and returns.
  ///   - store: who can import it.
  ///   - body: runs inside; what can block parks (`parked`). What it throws ends the activation that called it.
  package init(_ name: String, _ type: FunctionType, in store: WasmStore, _ body: @escaping Body) throws(FtraceError) {
    self.name = name
    self.type = type
    self.store = store
    engine = store.engine
    self.body = body
    words = try store.engine.runtime.allocateWords(1)
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(
      to: ftrace_wasm_function(
        word: UnsafePointer<UInt64>(OpaquePointer(words.base)), context: store.hostContext,
        signature: SignatureNumbers.number(of: type), index: 0))
    let builder = FunctionBuilder(name: name, layout: TraceRuntime.threadLayout, abi: .wasm)
    builder.hostThunk(
      type, closure: unsafe UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), invoke: Self.invokeAddress,
      stubs: store.engine.stubs)
    let image: FunctionImage
    do throws(AssemblerError) { image = try builder.finish() } catch { throw .assembly(error) }
    handle = unsafe try store.engine.runtime.define(image, signature: type.signature, calledThrough: words.base)
    store.keep(self)
  }

  deinit {
    if let handle { try? engine.runtime.free(handle, force: true) }
    unsafe record.deallocate()
  }

  package var function: WasmFunction { unsafe WasmFunction(record: record, type: type) }

  private static var invokeAddress: UInt {
    typealias Invoke =
      @convention(c) (
        UnsafeRawPointer, UnsafePointer<ftrace_wasm_context>?, UnsafeMutablePointer<UInt64>
      ) -> UInt32
    let invoke: Invoke = { closure, caller, cells in
      // Safe: the store keeps the object as long as the thunk can be called.
      unsafe Unmanaged<HostFunction>.fromOpaque(closure)._withUnsafeGuaranteedRef { function in
        unsafe function.invoke(caller, cells)
      }
    }
    return unsafe unsafeBitCast(invoke, to: UInt.self)
  }

  private func invoke(_ caller: UnsafePointer<ftrace_wasm_context>?, _ cells: UnsafeMutablePointer<UInt64>) -> UInt32 {
    do {
      let results = try body(unsafe HostCall(store: store, caller: caller, cells: cells, type: type))
      precondition(results.map(\.type) == type.results, "results of the function's types")
      for (index, result) in results.enumerated() { unsafe cells[index] = result.word }
      return 0
    } catch {
      store.pendingError = error
      return 1
    }
  }
}

extension FunctionBuilder {
  /// Stores the arguments in cells, calls `invoke(closure, caller, cells)`, loads the results from the cells.
  fileprivate func hostThunk(_ type: FunctionType, closure: UInt, invoke: UInt, stubs: WasmStubs) {
    let (places, stackBytes) = ModuleLayout.places(of: type.parameters)
    let (slow, back, failed) = (label(), label(), label())
    let cells = max(places.count, type.results.count)
    entrySite()
    cmp(.rsp, .fs(layout.stackLimit))
    j(.be, slow)
    bind(back)
    push(.rbp)
    mov(.rbp, .rsp)
    sub(.rsp, Int32((cells * 8 + 15) & ~15))
    for (index, place) in places.enumerated() {
      let cell = Mem.base(.rsp, Int32(index) * 8)
      if place.register == ArgumentPlace.stack {
        mov(.r11, .base(.rbp, 16 + place.offset))
        mov(cell, .r11)
      } else if place.type.isFloat {
        movsd(cell, (place.register & 15).xmm)
      } else {
        mov(cell, place.register.r64)
      }
    }
    mov(.rdi, Int64(bitPattern: UInt64(closure)))
    mov(.rsi, .rax)
    mov(.rdx, .rsp)
    mov(.rax, Int64(bitPattern: UInt64(invoke)))
    call(.rax)
    test(.eax, .eax)
    j(.ne, failed)
    if type.results.count > 1 {
      mov(.r11, .base(.r15))
      for index in 1..<type.results.count {
        mov(.rax, .base(.rsp, Int32(index) * 8))
        mov(.base(.r11, Int32(index) * 8), .rax)
      }
    }
    switch type.results.first {
    case .f32, .f64: movsd(.xmm0, .base(.rsp))
    case .i32: mov(.eax, .base(.rsp))
    case nil: break
    default: mov(.rax, .base(.rsp))
    }
    leave()
    functionReturn(popping: UInt16(stackBytes))
    bind(slow)
    mov(.r11, .rsp)
    call(stubs.stackCheck)
    jmp(back)
    bind(failed)
    call(stubs.traps[Int(FTRACE_WASM_TRAP_HOST.rawValue)])
  }
}
