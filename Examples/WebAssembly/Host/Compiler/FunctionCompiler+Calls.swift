import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler

/// Calls: arguments go where C's convention has them, all other operands to their slots. Locals in registers that callees may change are stored, and
/// loaded afterwards.
extension FunctionCompiler {
  mutating func call(_ function: Int) {
    let callee = layout.types[Int(layout.functionTypes[function])]
    beginCall(callee, index: nil)
    if function < layout.importedFunctions {
      a.mov(.r11, .base(Registers.context, layout.importedFunction(function)))
      callReference()
    } else {
      a.call(slot: words.symbol(function - layout.importedFunctions))
      markLanding()
    }
    endCall(callee)
  }

  mutating func callIndirect() {
    let type = reader.index()
    let table = reader.index()
    let callee = layout.types[type]
    let index = pop()
    beginCall(callee, index: index)
    loadReference(table, callee)
    callReference()
    endCall(callee)
  }

  /// The reference in a table at the index in `r11`: in `r11`, and it is one of the callee's type.
  func loadReference(_ table: Int, _ callee: TypeLayout) {
    a.mov(.rax, .base(Registers.context, layout.table(table)))
    a.cmp(.r11d, .base(.rax, Int32(FTRACE_WASM_TABLE_COUNT)))
    a.j(.ae, a.label(numbered: traps[Int(FTRACE_WASM_TRAP_UNDEFINED_ELEMENT.rawValue)]))
    a.mov(.rax, .base(.rax, Int32(FTRACE_WASM_TABLE_ELEMENTS)))
    a.mov(.r11, .base(.rax, index: .r11, scale: .x8))
    a.test(.r11, .r11)
    a.j(.e, a.label(numbered: traps[Int(FTRACE_WASM_TRAP_UNINITIALISED_ELEMENT.rawValue)]))
    a.cmp(
      .dword, .base(.r11, Int32(FTRACE_WASM_FUNCTION_SIGNATURE)), Int32(bitPattern: callee.signature))
    a.j(.ne, a.label(numbered: traps[Int(FTRACE_WASM_TRAP_SIGNATURE.rawValue)]))
  }

  /// Calls the reference in `r11`, in its own context, and comes back to this one.
  mutating func callReference() {
    enterReference()
    a.call(.base(.r11))
    markLanding()
    a.mov(Registers.context, contextSlot)
    if layout.hasMemory {
      a.mov(Registers.memory, .base(Registers.context, Int32(FTRACE_WASM_CONTEXT_MEMORY_BASE)))
    }
  }

  /// Changes to the context of the reference in `r11`; then `[r11]` is what to call, and `rax` the caller's context.
  func enterReference() {
    a.mov(.rax, Registers.context)
    a.mov(Registers.context, .base(.r11, Int32(FTRACE_WASM_FUNCTION_CONTEXT)))
    a.mov(.r11, .base(.r11, Int32(FTRACE_WASM_FUNCTION_WORD)))
    a.mov(Registers.memory, .base(Registers.context, Int32(FTRACE_WASM_CONTEXT_MEMORY_BASE)))
  }

  // MARK: - Around calls

  /// Puts the arguments in their places, and an index that was popped into `r11`.
  mutating func beginCall(_ callee: TypeLayout, index: Operand?) {
    let count = Int(callee.parameterCount)
    let first = stack.count - count
    spillTemporaries(below: first)
    keepLostLocals()
    if callee.stackBytes > 0 {
      a.sub(.rsp, callee.stackBytes)
      for parameter in 0..<count {
        let place = layout.places[Int(callee.firstParameter) + parameter]
        guard place.register == ArgumentPlace.stack else { continue }
        store(stack[first + parameter], to: .base(.rsp, place.offset))
      }
    }
    if let index {
      load(index, into: 11)
      release(index)
      for trap in [
        FTRACE_WASM_TRAP_UNDEFINED_ELEMENT, FTRACE_WASM_TRAP_UNINITIALISED_ELEMENT, FTRACE_WASM_TRAP_SIGNATURE,
      ] { _ = trapLabel(trap) }
    }
    placeArguments(first, callee)
    truncate(to: first)
  }

  private mutating func endCall(_ callee: TypeLayout) {
    loadLostLocals()
    let count = Int(callee.resultCount)
    if count == 0 { return }
    let type = layout.results[Int(callee.firstResult)]
    if type.isFloat { freeVectors.remove(RegisterSet(0)) } else { freeGeneral.remove(RegisterSet(0)) }
    if count == 1 {
      finish(type, in: 0)
      return
    }
    push(.register(type, 0))
    a.mov(.r11, .base(Registers.context))
    for index in 1..<count {
      let type = layout.results[Int(callee.firstResult) + index]
      load(type.isWide ? .f64 : .f32, 15, .base(.r11, Int32(index) * 8))
      store(type.isWide ? .f64 : .f32, operandSlot(stack.count), 15)
      push(.slot(type, stack.count))
    }
  }

  private mutating func spillTemporaries(below height: Int) {
    if freeGeneral == Registers.general && freeVectors == Registers.vectors { return }
    for index in 0..<height where stack[index].kind == .register { spill(index) }
  }

  /// Stores the locals in registers that callees may change.
  func keepLostLocals() { forEachLostLocal { local, home in store(home.type, localSlot(local), home.register) } }

  func loadLostLocals() { forEachLostLocal { local, home in load(home.type, home.register, localSlot(local)) } }

  private func forEachLostLocal(_ body: (Int, LocalHome) -> Void) {
    for position in 0..<lostLocalCount {
      let local = Int(lostLocals[position])
      body(local, locals[local])
    }
  }

  // MARK: - Arguments

  /// Moves arguments into registers, where some have to leave before others can come: in the order that this asks for, circles by exchange.
  private func placeArguments(_ first: Int, _ callee: TypeLayout) {
    // For each register the one that it gets its value from; 255: none.
    var sources: InlineArray<32, UInt8> = .init(repeating: 255)
    var pending: UInt32 = 0
    for parameter in 0..<Int(callee.parameterCount) {
      let place = layout.places[Int(callee.firstParameter) + parameter]
      guard place.register != ArgumentPlace.stack, let source = register(of: stack[first + parameter]) else { continue }
      let number = source + (place.type.isFloat ? 16 : 0)
      if number == place.register { continue }
      sources[Int(place.register)] = number
      pending |= 1 << UInt32(place.register)
    }
    while pending != 0 {
      var progressed = false
      var rest = pending
      while rest != 0 {
        let target = UInt8(rest.trailingZeroBitCount)
        rest &= rest - 1
        if isSource(target, sources, pending & ~(1 << UInt32(target))) { continue }
        move(target >= 16 ? .f64 : .i64, target & 15, sources[Int(target)] & 15)
        pending &= ~(1 << UInt32(target))
        progressed = true
      }
      if progressed { continue }
      // What is left are circles. After an exchange the target has its value, and who wanted the target's finds it at the source.
      let target = UInt8(pending.trailingZeroBitCount)
      let source = sources[Int(target)]
      if target >= 16 {
        a.movaps(.xmm15, (target & 15).xmm)
        a.movaps((target & 15).xmm, (source & 15).xmm)
        a.movaps((source & 15).xmm, .xmm15)
      } else {
        a.xchg(target.r64, source.r64)
      }
      pending &= ~(1 << UInt32(target))
      for other in 0..<32 where pending >> UInt32(other) & 1 != 0 {
        if sources[other] == target {
          sources[other] = source
        } else if sources[other] == source {
          sources[other] = target
        }
        if sources[other] == UInt8(other) { pending &= ~(1 << UInt32(other)) }
      }
    }
    for parameter in 0..<Int(callee.parameterCount) {
      let place = layout.places[Int(callee.firstParameter) + parameter]
      let operand = stack[first + parameter]
      guard place.register != ArgumentPlace.stack, register(of: operand) == nil else { continue }
      loadArgument(operand, place.register)
    }
  }

  private func isSource(_ register: UInt8, _ sources: InlineArray<32, UInt8>, _ pending: UInt32) -> Bool {
    var rest = pending
    while rest != 0 {
      let target = rest.trailingZeroBitCount
      rest &= rest - 1
      if sources[target] == register { return true }
    }
    return false
  }

  /// Loads an argument that is in no register, and leaves `r11` alone, which may hold an index.
  private func loadArgument(_ operand: Operand, _ place: UInt8) {
    let register = place & 15
    guard operand.kind == .constant, operand.type.isFloat, operand.bits != 0 else {
      load(operand, into: register)
      return
    }
    // By way of rax, which is no argument's.
    if operand.type == .f32 {
      a.mov(.eax, Int32(truncatingIfNeeded: operand.bits))
      a.movd(register.xmm, .eax)
    } else {
      a.mov(.rax, Int64(bitPattern: operand.bits))
      a.movq(register.xmm, .rax)
    }
  }

  // MARK: - Calls of C

  /// Calls a function that stands for an instruction: its operands on the stack are the arguments from `argument` on, which are integers.
  /// - Parameters:
  ///   - first: the first argument: the context, or a table.
  ///   - last: more arguments behind those on the stack.
  mutating func callOperation(
    _ operation: ftrace_wasm_op, operands: Int, first: Int32?, last: [(isTable: Bool, value: Int32)] = []
  ) {
    let base = stack.count - operands
    spillTemporaries(below: base)
    keepLostLocals()
    // Operands by way of their slots: these are not instructions that loops consist of.
    for height in base..<stack.count where stack[height].kind == .register { spill(height) }
    let registers: [UInt8] = [7, 6, 2, 1, 8, 9]
    for index in 0..<operands { load(stack[base + index], into: registers[index + 1]) }
    for (index, argument) in last.enumerated() {
      let register = registers[1 + operands + index]
      if argument.isTable {
        a.mov(register.r64, .base(Registers.context, argument.value))
      } else {
        a.mov(register.r32, argument.value)
      }
    }
    if let first { a.mov(.rdi, .base(Registers.context, first)) } else { a.mov(.rdi, Registers.context) }
    truncate(to: base)
    a.call(stubs.operations[Int(operation.rawValue)])
    loadLostLocals()
  }

  /// The operation's result is the trap that it ends in, if any.
  mutating func trapIfFailed(_ trap: ftrace_wasm_trap) {
    a.test(.eax, .eax)
    a.j(.ne, trapLabel(trap))
  }

  /// The operation's result is a value.
  mutating func pushResult() {
    freeGeneral.remove(RegisterSet(0))
    a.mov(.eax, .eax)  // C says nothing of the upper half
    finish(.i32, in: 0)
  }
}
