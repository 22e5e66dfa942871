import CFtraceWasm
import FtraceX86Assembler

/// Accesses to the linear memory. An address has 32 bits and is zero-extended, and an offset below 2 GiB leads at most into the guard.
extension FunctionCompiler {
  /// The operand of an access. The address, which was popped, keeps its register until it is released.
  private mutating func place(_ address: inout Operand, _ offset: UInt32) -> Mem {
    if address.kind == .constant {
      let sum = address.bits + UInt64(offset)
      if let displacement = Int32(exactly: sum) { return .base(Registers.memory, displacement) }
      // Above 4 GiB there is no memory: what is between there and the end of the guard faults as well.
      if sum <= UInt64(UInt32.max) {
        a.mov(.r11d, Int32(truncatingIfNeeded: sum))
      } else {
        a.jmp(trapLabel(FTRACE_WASM_TRAP_MEMORY))
      }
      return .base(Registers.memory, index: .r11)
    }
    let register = use(&address)
    if let displacement = Int32(exactly: offset) {
      return .base(Registers.memory, index: IndexRegister(register.r64), displacement)
    }
    // The sum has 33 bits, of which the highest means that it is out of bounds.
    a.mov(.r11d, Int32(bitPattern: offset))
    a.add(.r11, register.r64)
    a.bt(.r11, 32)
    a.j(.b, trapLabel(FTRACE_WASM_TRAP_MEMORY))
    return .base(Registers.memory, index: .r11)
  }

  mutating func loadMemory(_ opcode: Opcode) {
    let offset = reader.memoryArgument().offset
    var address = pop()
    let memory = place(&address, offset)
    let type: ValueType =
      switch opcode {
      case .f32Load: .f32
      case .f64Load: .f64
      case .i32Load, .i32Load8S, .i32Load8U, .i32Load16S, .i32Load16U: .i32
      default: .i64
      }
    let target: Target
    if let local = localTarget(type) {
      target = local
    } else if address.kind == .register, !type.isFloat {
      target = Target(register: address.register, type: type)  // one register is enough
    } else {
      target = Target(register: take(type), type: type)
    }
    let register = target.register
    switch opcode {
    case .i32Load, .i64Load32U: a.mov(register.r32, memory)
    case .i64Load: a.mov(register.r64, memory)
    case .f32Load: a.movss(register.xmm, memory)
    case .f64Load: a.movsd(register.xmm, memory)
    case .i32Load8S: a.movsx(register.r32, .byte, memory)
    case .i64Load8S: a.movsx(register.r64, .byte, memory)
    case .i32Load8U, .i64Load8U: a.movzx(register.r32, .byte, memory)
    case .i32Load16S: a.movsx(register.r32, .word, memory)
    case .i64Load16S: a.movsx(register.r64, .word, memory)
    case .i32Load16U, .i64Load16U: a.movzx(register.r32, .word, memory)
    case .i64Load32S: a.movsxd(register.r64, memory)
    default: preconditionFailure("not a load")
    }
    if address.kind == .register, type.isFloat || address.register != register { release(address) }
    finish(target)
  }

  mutating func storeMemory(_ opcode: Opcode) {
    let offset = reader.memoryArgument().offset
    var (value, address) = (pop(), pop())
    // Loading a value may need r11, which may become part of the address: first the value.
    let immediate = value.type.isFloat ? nil : value.immediate
    let source = immediate == nil ? use(&value) : 0
    let memory = place(&address, offset)
    if let immediate {
      switch opcode {
      case .i32Store, .i64Store32: a.mov(.dword, memory, immediate)
      case .i64Store: a.mov(.qword, memory, immediate)
      case .i32Store8, .i64Store8: a.mov(.byte, memory, Int8(truncatingIfNeeded: immediate))
      default: a.mov(.word, memory, Int16(truncatingIfNeeded: immediate))
      }
    } else {
      switch opcode {
      case .i32Store, .i64Store32: a.mov(memory, source.r32)
      case .i64Store: a.mov(memory, source.r64)
      case .f32Store: a.movss(memory, source.xmm)
      case .f64Store: a.movsd(memory, source.xmm)
      case .i32Store8, .i64Store8: a.mov(memory, source.r8)
      case .i32Store16, .i64Store16: a.mov(memory, source.r16)
      default: preconditionFailure("not a store")
      }
    }
    release(value)
    release(address)
  }

  mutating func memorySize() {
    _ = reader.byte()
    let target = target(.i32)
    a.mov(.r11, .base(Registers.context, Int32(FTRACE_WASM_CONTEXT_MEMORY)))
    a.mov(target.register.r64, .base(.r11, Int32(FTRACE_WASM_MEMORY_BYTES)))
    a.shr(target.register.r64, 16)
    finish(target)
  }
}
