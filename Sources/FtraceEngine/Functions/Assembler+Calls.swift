import CFtraceShims
import FtraceX86Assembler

/// Ways into and out of emitted code. Each keeps an `rbp` frame and an aligned stack.
///
/// In gates and adaptors the first thing after the call is the comparison with which leaving begins: a walk along the frames knows by it that a
/// return address lies in one (`ftrace_is_gate_return`), and where the outermost is it ends.
extension Assembler {
  /// The gate of a function: what outsiders call instead of the entry. Attaches the thread if needed, enters, calls through the
  /// slot, leaves. Registers pass through; arguments on the stack are copied.
  func gate(slot: Symbol, signature: Signature?, stubs: EngineStubs) {
    let paths = SlowPaths(self)
    let stackBytes = signature.map { CallingConvention.sysV.stackBytes(of: $0.arguments) } ?? 0
    push(.rbp)
    mov(.rbp, .rsp)
    enter(nested: paths.nested, slow: paths.slow, entered: paths.entered)
    if stackBytes > 0 {
      sub(.rsp, Int32((stackBytes + 15) & ~15))
      for offset in stride(from: 0, to: Int32(stackBytes), by: 8) {
        mov(.r11, .base(.rbp, 16 + offset))
        mov(.base(.rsp, offset), .r11)
      }
    }
    call(slot: slot)
    leave(nested: paths.leavingNested, slow: paths.leavingSlow, left: paths.left)
    if stackBytes > 0 { mov(.rsp, .rbp) }
    pop(.rbp)
    ret()
    paths.emit(stubs)
  }

  /// The adaptor of a signature: `adaptor(slot, arguments, result)` enters, loads arguments from an array of eight-byte cells, calls
  /// through the slot, stores the result in one cell, leaves.
  func adaptor(_ signature: Signature, stubs: EngineStubs) {
    let paths = SlowPaths(self)
    let locations = CallingConvention.sysV.locations(of: signature.arguments)
    let stackBytes = CallingConvention.sysV.stackBytes(of: signature.arguments)
    push(.rbp)
    mov(.rbp, .rsp)
    push(.rbx)
    sub(.rsp, 8)
    mov(.rbx, .rdx)
    mov(.r11, .rdi)
    mov(.r10, .rsi)
    enter(nested: paths.nested, slow: paths.slow, entered: paths.entered)
    if stackBytes > 0 { sub(.rsp, Int32((stackBytes + 15) & ~15)) }
    var vectors: Int32 = 0
    for (index, (location, kind)) in zip(locations, signature.arguments).enumerated() {
      let cell = Mem.base(.r10, Int32(index * 8))
      switch location {
      case .integerRegister(let register): mov(register, cell)
      case .vectorRegister(let register):
        vectors += 1
        if kind == .float { movss(register, cell) } else { movsd(register, cell) }
      case .stack(let offset):
        mov(.rax, cell)
        mov(.base(.rsp, Int32(offset)), .rax)
      }
    }
    mov(.eax, vectors)  // what a function with variable arguments wants to know
    call(.base(.r11))
    leave(nested: paths.leavingNested, slow: paths.leavingSlow, left: paths.left)
    switch signature.result {
    case .integer, .pointer, .boolean: mov(.base(.rbx), .rax)
    case .float: movss(.base(.rbx), .xmm0)
    case .double: movsd(.base(.rbx), .xmm0)
    case nil: break
    }
    if stackBytes > 0 { lea(.rsp, .base(.rbp, -16)) }
    add(.rsp, 8)
    pop(.rbx)
    pop(.rbp)
    ret()
    paths.emit(stubs)
  }

  /// The thunk of a host function: stores its arguments in cells and calls `invoke(closure, arguments, result)`.
  func hostThunk(_ signature: Signature, closure: UInt, invoke: UInt) {
    let locations = CallingConvention.sysV.locations(of: signature.arguments)
    let result = Int32(locations.count * 8)
    push(.rbp)
    mov(.rbp, .rsp)
    sub(.rsp, (result + 8 + 15) & ~15)
    for (index, location) in locations.enumerated() {
      let cell = Mem.base(.rsp, Int32(index * 8))
      switch location {
      case .integerRegister(let register): mov(cell, register)
      case .vectorRegister(let register): movsd(cell, register)
      case .stack(let offset):
        mov(.rax, .base(.rbp, Int32(offset) + 16))
        mov(cell, .rax)
      }
    }
    mov(.rdi, Int64(bitPattern: UInt64(closure)))
    mov(.rsi, .rsp)
    lea(.rdx, .base(.rsp, result))
    callAbsolute(invoke)
    switch signature.result {
    case .integer, .pointer, .boolean: mov(.rax, .base(.rsp, result))
    case .float: movss(.xmm0, .base(.rsp, result))
    case .double: movsd(.xmm0, .base(.rsp, result))
    case nil: break
    }
    leave()
    ret()
  }
}

/// Labels of the out-of-line parts of entering and leaving.
struct SlowPaths {
  let assembler: Assembler
  let nested, slow, entered, leavingNested, leavingSlow, left: Label

  init(_ assembler: Assembler) {
    self.assembler = assembler
    nested = assembler.label("nested")
    slow = assembler.label("enter slow")
    entered = assembler.label("entered")
    leavingNested = assembler.label("leaving nested")
    leavingSlow = assembler.label("leave slow")
    left = assembler.label("left")
  }

  func emit(_ stubs: EngineStubs) {
    assembler.enterSlowPaths(
      nested: nested, slow: slow, entered: entered, stub: EngineSymbol.code(stubs.enterSlow).symbol,
      nestedStub: EngineSymbol.code(stubs.nestedSlow).symbol)
    assembler.leaveSlowPaths(
      nested: leavingNested, slow: leavingSlow, left: left, stub: EngineSymbol.code(stubs.leaveSlow).symbol)
  }
}
