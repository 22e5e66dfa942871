/// An operand whose kind is known at run time: what `Assembler.encode` takes.
public enum FormOperand: Hashable, Sendable {
  /// A general register by number; its width follows from the form.
  case register(UInt8)
  case vector(XMM)
  case memory(Mem)
  /// An immediate, or the displacement of a branch.
  case immediate(Int64)
  /// An operand that the form implies: the accumulator, `cl`, the number 1.
  case implied
}

/// Why operands do not make an instruction. Nothing is emitted then.
public enum FormError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The form does not exist at the width.
  case noSuchWidth(Form, OperandWidth)
  /// The form takes another number of operands.
  case wrongCount(Form, expected: Int)
  /// The operand at `index` is not of the form's kind, or its value does not fit.
  case wrongOperand(Form, index: Int, expected: OperandKind)
  /// A conditional form without a condition, or the other way round.
  case wrongCondition(Form)

  public var description: String {
    switch self {
    case .noSuchWidth(let form, let width): "\(form) has no \(width) form: use one of \(form.row.operandWidths)"
    case .wrongCount(let form, let expected): "\(form) takes \(expected) operands"
    case .wrongOperand(let form, let index, let expected): "operand \(index) of \(form) must be \(expected)"
    case .wrongCondition(let form):
      form.row.condition ? "\(form) needs a condition" : "\(form) takes no condition"
    }
  }
}

extension OperandKind {
  /// Whether an operand is of this kind, and its value fits, at a width.
  public func accepts(_ operand: FormOperand, _ width: OperandWidth) -> Bool {
    switch (self, operand) {
    case (.reg, .register(let n)), (.reg32, .register(let n)), (.plus, .register(let n)): n < 16
    case (.rm, .register(let n)), (.rm8, .register(let n)), (.rm16, .register(let n)): n < 16
    case (.rm32, .register(let n)), (.reg32mem, .register(let n)): n < 16
    case (.rm, .memory), (.rm8, .memory), (.rm16, .memory), (.rm32, .memory), (.reg32mem, .memory): true
    case (.memory, .memory), (.address, .memory), (.xm, .memory): true
    case (.xmm, .vector), (.xm, .vector), (.xr, .vector): true
    case (.accumulator, .implied), (.cl, .implied), (.one, .implied): true
    case (.immS8, .immediate(let v)), (.rel8, .immediate(let v)): Int8(exactly: v) != nil
    case (.immU8, .immediate(let v)): UInt8(exactly: v) != nil
    case (.immU16, .immediate(let v)): UInt16(exactly: v) != nil
    case (.rel32, .immediate(let v)): Int32(exactly: v) != nil
    case (.immFull, .immediate): true
    case (.imm, .immediate(let v)):
      switch width {
      case .byte: Int8(exactly: v) != nil
      case .word: Int16(exactly: v) != nil
      case .dword, .qword: Int32(exactly: v) != nil
      }
    default: false
    }
  }
}
