import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler
import Synchronization

/// Code that all modules of a runtime share.
final class WasmStubs: Sendable {
  /// By the number of the trap: called, with the frame of the function that traps in `rbp`.
  let traps: [Symbol]
  /// By the number of the operation: C functions.
  let operations: [Symbol]
  /// Called by prologues; `r11` is the lowest address that the function wants.
  let stackCheck: Symbol
  /// `throwTag(rsi: tag, edx: values in the store)`, `throwReference(rsi: exception)`: the way back leads to a landing.
  let throwTag, throwReference: Symbol
  /// Called by landings.
  let landed: Symbol
  let runtime: TraceRuntime
  private let gates = Mutex<[FunctionType: UInt]>([:])

  init(_ runtime: TraceRuntime) throws(FtraceError) {
    self.runtime = runtime
    var (traps, operations): ([Symbol], [Symbol]) = ([], [])
    for number in 0...FTRACE_WASM_TRAP_HOST.rawValue {
      traps.append(try runtime.installHostCode("wasm_trap") { $0.code.trapStub(number) }.symbol)
    }
    for number in 0..<FTRACE_WASM_OPS.rawValue {
      let code = try runtime.installHostCode("wasm_operation") { gate in
        gate.code.mov(.rax, Int64(bitPattern: ftrace_wasm_address_of_op(number)))
        gate.code.jmp(.rax)
      }
      operations.append(code.symbol)
    }
    (self.traps, self.operations) = (traps, operations)
    throwTag = try runtime.installHostCode("wasm_throw") {
      $0.code.throwStub(ftrace_wasm_address_of_throw())
    }.symbol
    throwReference = try runtime.installHostCode("wasm_throw_ref") {
      $0.code.throwStub(ftrace_wasm_address_of_throw_reference())
    }.symbol
    landed = try runtime.installHostCode("wasm_landed") { gate in
      gate.code.mov(.rax, Int64(bitPattern: ftrace_wasm_address_of_landed()))
      gate.code.jmp(.rax)
    }.symbol
    stackCheck = try runtime.installHostCode("wasm_stack_check") { $0.code.stackCheckStub() }.symbol
  }

  /// The address of the gate for functions of a type: `gate(activation)`.
  func gate(_ type: FunctionType) throws(FtraceError) -> UInt {
    if let gate = gates.withLock({ $0[type] }) { return gate }
    let gate = try runtime.installHostCode("wasm_gate") { $0.wasmGate(type) }.address
    gates.withLock { $0[type] = gate }
    return gate
  }
}

extension Assembler {
  /// Ends the activation: at entry `[rsp]` lies in the function that traps.
  fileprivate func trapStub(_ number: UInt32) {
    mov(.edi, Int32(number))
    mov(.rsi, .base(.rsp))
    mov(.rdx, .rbp)
    and(.rsp, -16)
    mov(.rax, Int64(bitPattern: ftrace_wasm_address_of_trap()))
    call(.rax)
  }

  /// Calls `function(context, rsi, edx, pc, rbp)`, which does not return.
  fileprivate func throwStub(_ function: UInt64) {
    mov(.rdi, .r15)
    mov(.rcx, .base(.rsp))
    mov(.r8, .rbp)
    and(.rsp, -16)
    mov(.rax, Int64(bitPattern: function))
    call(.rax)
  }

  /// At entry `[rsp]` lies in the function, `[rsp + 8]` in its caller, whose frame `rbp` is. Arguments are kept, and `rax`, which is the caller's context.
  fileprivate func stackCheckStub() {
    let general: [Reg64] = [.rax, .rcx, .rdx, .rsi, .rdi, .r8, .r9, .r10]
    let exhausted = label()
    push(.rbp)
    mov(.rbp, .rsp)
    for register in general { push(register) }
    sub(.rsp, 128)
    for number in 0..<8 { movups(.base(.rsp, Int32(number) * 16), XMM(number: UInt8(number))) }
    mov(.rdi, .rsp)
    mov(.rsi, .r11)
    sub(.rsp, 8)  // a multiple of 16: two return addresses, rbp, eight registers, the vectors
    mov(.rax, Int64(bitPattern: ftrace_wasm_address_of_stack_check()))
    call(.rax)
    add(.rsp, 8)
    test(.al, .al)
    j(.e, exhausted)
    for number in 0..<8 { movups(XMM(number: UInt8(number)), .base(.rsp, Int32(number) * 16)) }
    add(.rsp, 128)
    for register in general.reversed() { pop(register) }
    pop(.rbp)
    ret()
    bind(exhausted)
    // The function has no frame yet: one like it, for the walk.
    mov(.rsi, .base(.rbp, 8))
    push(.base(.rbp, 16))
    push(.base(.rbp, 0))
    mov(.rdx, .rsp)
    mov(.edi, Int32(FTRACE_WASM_TRAP_STACK.rawValue))
    and(.rsp, -16)
    mov(.rax, Int64(bitPattern: ftrace_wasm_address_of_trap()))
    call(.rax)
  }
}

extension GateCode {
  /// From C: saves what C's convention preserves, enters, loads arguments from cells, calls, leaves, stores the first result in the first cell.
  /// Returns 0; 1 where a trap has landed.
  fileprivate func wasmGate(_ type: FunctionType) {
    let code = code
    let landing = code.label("landing")
    let saved: [Reg64] = [.rbx, .r12, .r13, .r14, .r15]
    code.push(.rbp)
    code.mov(.rbp, .rsp)
    for register in saved { code.push(register) }
    code.push(.rdi)
    code.mov(.base(.rdi, Int32(FTRACE_WASM_ACTIVATION_LANDING_SP)), .rsp)
    code.lea(.rax, .rip(landing))
    code.mov(.base(.rdi, Int32(FTRACE_WASM_ACTIVATION_LANDING_PC)), .rax)
    enter()
    let (places, stackBytes) = ModuleLayout.places(of: type.parameters)
    code.mov(.r10, .base(.rdi, Int32(FTRACE_WASM_ACTIVATION_CELLS)))
    code.mov(.r15, .base(.rdi, Int32(FTRACE_WASM_ACTIVATION_CONTEXT)))
    code.mov(.r14, .base(.r15, Int32(FTRACE_WASM_CONTEXT_MEMORY_BASE)))
    code.mov(.r11, .base(.rdi, Int32(FTRACE_WASM_ACTIVATION_WORD)))
    code.mov(.rax, .r15)
    if stackBytes > 0 { code.sub(.rsp, stackBytes) }
    for (index, place) in places.enumerated() where place.register == ArgumentPlace.stack {
      code.mov(.rbx, .base(.r10, Int32(index) * 8))
      code.mov(.base(.rsp, place.offset), .rbx)
    }
    for (index, place) in places.enumerated() where place.register != ArgumentPlace.stack {
      let cell = Mem.base(.r10, Int32(index) * 8)
      switch place.type {
      case .i32: code.mov(place.register.r32, cell)
      case .f32: code.movss((place.register & 15).xmm, cell)
      case .f64: code.movsd((place.register & 15).xmm, cell)
      default: code.mov(place.register.r64, cell)
      }
    }
    code.call(.base(.r11))
    leave()
    code.mov(.rdi, .base(.rsp))
    code.mov(.r10, .base(.rdi, Int32(FTRACE_WASM_ACTIVATION_CELLS)))
    switch type.results.first {
    case .f32, .f64: code.movsd(.base(.r10), .xmm0)
    case nil: break
    default: code.mov(.base(.r10), .rax)
    }
    code.xor(.eax, .eax)
    code.bind(landing)
    code.add(.rsp, 8)
    for register in saved.reversed() { code.pop(register) }
    code.pop(.rbp)
    code.ret()
    finish()
  }
}
