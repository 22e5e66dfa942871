extension Assembler {
  /// Emits any form of the table with operands that are known at run time: for generators, fuzzers and tests.
  ///
  /// The typed methods are the way for everything else: they are faster, and cannot be wrong.
  /// - Parameters:
  ///   - operands: one for each of the row's operands.
  ///   - width: one of the row's `operandWidths`.
  ///   - condition: for the rows with a condition.
  /// - Throws: `FormError`; nothing is emitted then.
  public final func encode(
    _ form: Form, _ operands: [FormOperand], width: OperandWidth = .dword, condition: Condition? = nil
  ) throws(FormError) {
    let row = form.row
    guard row.operandWidths.contains(width) else { throw .noSuchWidth(form, width) }
    guard operands.count == row.operands.count else { throw .wrongCount(form, expected: row.operands.count) }
    guard row.condition == (condition != nil) else { throw .wrongCondition(form) }
    for (index, kind) in row.operands.enumerated() where !kind.accepts(operands[index], width) {
      throw .wrongOperand(form, index: index, expected: kind)
    }
    var parts = EncodingParts()
    for (kind, operand) in zip(row.operands, operands) { parts.add(kind, operand, width) }
    emit(word(form, width), parts, condition)
  }

  private final func emit(_ word: EncodingWord, _ parts: EncodingParts, _ condition: Condition?) {
    let shift = UInt32(condition?.rawValue ?? 0) << word.lastOpcodeShift
    if let memory = parts.memory {
      emit(word, reg: parts.reg, memory: memory, immediate: parts.immediate, condition: shift)
      return
    }
    let low = parts.rm ?? parts.plus ?? 0
    let added = UInt32((parts.plus ?? 0) & 7) << word.lastOpcodeShift
    // One of the two registers at most is not zero where the form has no ModRM.
    var p = unsafe opening(
      word, rex: (parts.reg >> 1 & 4) | (low >> 3 & 1), registers: parts.reg | low, shift: shift &+ added)
    if parts.rm != nil {
      unsafe store(&p, UInt8(0xC0) | (parts.reg & 7 | word.digit) << 3 | low & 7)
    }
    unsafe close(p, word, parts.immediate)
  }
}

/// Operands sorted by where they are encoded.
private struct EncodingParts {
  var reg: UInt8 = 0
  var rm: UInt8?
  var plus: UInt8?
  var memory: Mem?
  var immediate: Int64 = 0

  mutating func add(_ kind: OperandKind, _ operand: FormOperand, _ width: OperandWidth) {
    switch operand {
    case .immediate(let value): immediate = value
    case .memory(let value): memory = value
    case .implied: break
    case .vector(let register):
      if kind == .xmm { reg = register.number } else { rm = register.number }
    case .register(let number):
      let isByte = kind == .rm8 || width == .byte
      let bits = isByte ? Reg8(number: number).operandBits : number
      switch kind {
      case .plus: plus = bits
      case .reg, .reg32: reg = kind == .reg32 ? number : bits
      default: rm = kind == .rm || kind == .rm8 ? bits : number
      }
    }
  }
}
