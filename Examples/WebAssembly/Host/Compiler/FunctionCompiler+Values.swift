import FtraceX86Assembler

/// Moves of values of any type, without a thought for who owns the registers.
extension FunctionCompiler {
  /// Copies between registers of a class.
  func move(_ type: ValueType, _ to: UInt8, _ from: UInt8) {
    if to == from { return }
    if type.isFloat {
      a.movaps(to.xmm, from.xmm)
    } else if type.isWide {
      a.mov(to.r64, from.r64)
    } else {
      a.mov(to.r32, from.r32)
    }
  }

  func load(_ type: ValueType, _ register: UInt8, _ memory: Mem) {
    switch type {
    case .i32: a.mov(register.r32, memory)
    case .f32: a.movss(register.xmm, memory)
    case .f64: a.movsd(register.xmm, memory)
    default: a.mov(register.r64, memory)
    }
  }

  func store(_ type: ValueType, _ memory: Mem, _ register: UInt8) {
    switch type {
    case .i32: a.mov(memory, register.r32)
    case .f32: a.movss(memory, register.xmm)
    case .f64: a.movsd(memory, register.xmm)
    default: a.mov(memory, register.r64)
    }
  }

  /// Loads a constant. Flags stay as they are, but for a vector's.
  func loadConstant(_ type: ValueType, _ register: UInt8, _ bits: UInt64) {
    switch type {
    case .i32: a.mov(register.r32, Int32(truncatingIfNeeded: bits))
    case .f32, .f64:
      if bits == 0 {
        a.xorps(register.xmm, register.xmm)
      } else if type == .f32 {
        a.mov(.r11d, Int32(truncatingIfNeeded: bits))
        a.movd(register.xmm, .r11d)
      } else {
        a.mov(.r11, Int64(bitPattern: bits))
        a.movq(register.xmm, .r11)
      }
    default: a.mov(register.r64, Int64(bitPattern: bits))
    }
  }

  /// Stores a constant, by way of `r11` where it must be.
  func storeConstant(_ type: ValueType, _ memory: Mem, _ bits: UInt64) {
    if !type.isWide {
      a.mov(.dword, memory, Int32(truncatingIfNeeded: bits))
    } else if let value = Int32(exactly: Int64(bitPattern: bits)) {
      a.mov(.qword, memory, value)
    } else {
      a.mov(.r11, Int64(bitPattern: bits))
      a.mov(memory, .r11)
    }
  }

  /// The memory that an operand is in: nil if it is in a register or in the instructions.
  func memory(of operand: Operand) -> Mem? {
    switch operand.kind {
    case .slot: operandSlot(Int(operand.index))
    case .local: locals[Int(operand.index)].isInRegister ? nil : localSlot(Int(operand.index))
    case .constant, .register: nil
    }
  }

  /// The register that an operand is in, if it is in one.
  func register(of operand: Operand) -> UInt8? {
    switch operand.kind {
    case .register: operand.register
    case .local: locals[Int(operand.index)].isInRegister ? locals[Int(operand.index)].register : nil
    case .constant, .slot: nil
    }
  }

  /// Loads an operand into a register, wherever it is.
  func load(_ operand: Operand, into target: UInt8) {
    if let source = register(of: operand) {
      move(operand.type, target, source)
    } else if let memory = memory(of: operand) {
      load(operand.type, target, memory)
    } else {
      loadConstant(operand.type, target, operand.bits)
    }
  }

  /// Stores an operand, by way of `r11` where it must be.
  func store(_ operand: Operand, to target: Mem) {
    if let source = register(of: operand) {
      store(operand.type, target, source)
    } else if let memory = memory(of: operand) {
      if operand.type.isWide {
        a.mov(.r11, memory)
        a.mov(target, .r11)
      } else {
        a.mov(.r11d, memory)
        a.mov(target, .r11d)
      }
    } else {
      storeConstant(operand.type, target, operand.bits)
    }
  }

  /// Lets go of operands, and makes the result that stands in a register the target's or an operand.
  mutating func finishOperation(
    _ type: ValueType, _ result: UInt8, _ target: Target?, _ left: Operand, _ right: Operand
  ) {
    if left.kind == .register, left.register != result { release(left) }
    if right.kind == .register, right.register != result { release(right) }
    if let target, result == target.register {
      finish(target)
    } else if let target {
      move(type, target.register, result)
      release(.register(type, result))
      finish(target)
    } else {
      push(.register(type, result))
    }
  }
}
