import FtraceDisassembly
import FtraceX86Assembler

/// What capstone must find for a form and its operands.
struct Expectation {
  let row: FormRow
  let width: OperandWidth
  let condition: Condition?
  let operands: [FormOperand]

  init(_ row: FormRow, _ width: OperandWidth, _ condition: Condition?, _ operands: [FormOperand]) {
    self.row = row
    self.width = width
    self.condition = condition
    self.operands = operands
  }

  /// What differs; nil if nothing does.
  func problem(_ instruction: Instruction, _ bytes: [UInt8]) -> String? {
    if instruction.bytes != bytes { return "\(instruction.length) of \(bytes.count) bytes were taken" }
    if instruction.mnemonic != mnemonic { return "the mnemonic should be \(mnemonic)" }
    // String instructions have implicit operands alone, which capstone lists and the form does not.
    if row.operands.isEmpty { return nil }
    var expected = Array(zip(row.operands, operands)).filter { !isHidden($0.0) }
    // Capstone 4 lists the accumulator first, capstone 5 last; an exchange is the same both ways.
    if row.form == .xchgAccR, case .register(let first)? = instruction.operands.first?.kind,
      first.name == name(0, width)
    {
      expected.reverse()
    }
    if let problem = accumulatorProblem(&expected, instruction) { return problem }
    let found = instruction.operands
    if found.count != expected.count { return "there should be \(expected.count) operands, not \(found.count)" }
    for ((kind, operand), decoded) in zip(expected, found) {
      if let problem = problem(kind, operand, decoded, instruction) { return problem }
    }
    return nil
  }

  /// Capstone 4 leaves the accumulator out of the operands of some short forms, though not out of their text.
  private func accumulatorProblem(
    _ expected: inout [(OperandKind, FormOperand)], _ instruction: Instruction
  ) -> String? {
    guard expected.first?.0 == .accumulator, instruction.operands.count < expected.count else { return nil }
    expected.removeFirst()
    let name = name(0, width)
    return instruction.operandText.hasPrefix(name + ",") ? nil : "the register should be \(name)"
  }

  /// The mnemonic that capstone prints.
  private var mnemonic: String {
    if let predicate = comparison {
      return row.mnemonic.replacing("cmp", with: "cmp" + predicate)
    }
    switch row.form {
    case .pinsrXRm, .pextrRmX: return row.mnemonic + (width == .qword ? "q" : "d")
    default: return row.mnemonic + (condition.map { "\($0)" } ?? "")
    }
  }

  /// The predicate of a floating-point comparison, which capstone puts in the mnemonic.
  private var comparison: String? {
    guard [.cmpssXXm, .cmpsdXXm, .cmppsXXm, .cmppdXXm].contains(row.form) else { return nil }
    guard case .immediate(let value) = operands[2], value < 8 else { return nil }
    return ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"][Int(value)]
  }

  private func isHidden(_ kind: OperandKind) -> Bool { kind == .immU8 && comparison != nil }

  /// Capstone takes the whole register for the memory operand of `comiss` and `comisd`, and knows no size for `fxsave`.
  private var hasWrongMemorySize: Bool { [.comissXXm, .comisdXXm, .fxsaveM, .fxrstorM].contains(row.form) }

  private func problem(
    _ kind: OperandKind, _ operand: FormOperand, _ decoded: Operand, _ instruction: Instruction
  ) -> String? {
    switch (operand, decoded.kind) {
    case (.register(let number), .register(let register)):
      let name = name(number, kind.registerWidth(width) ?? width)
      return register.name == name ? nil : "the register should be \(name)"
    case (.vector(let vector), .register(let register)):
      return register.name == "\(vector)" ? nil : "the register should be \(vector)"
    case (.implied, .register(let register)):
      let name = kind == .cl ? "cl" : name(0, width)
      return register.name == name ? nil : "the register should be \(name)"
    case (.implied, .immediate(let value)):
      return kind == .one && value == 1 ? nil : "the count should be 1"
    case (.immediate(let expected), .immediate(let value)):
      return problem(kind, expected, value, instruction)
    case (.memory(let expected), .memory(let memory)):
      if let bytes = kind.memoryBytes(width), decoded.size != bytes, !hasWrongMemorySize {
        return "the memory should have \(bytes) bytes"
      }
      return problem(expected, memory)
    default:
      return "the operand is of another kind"
    }
  }

  private func problem(_ kind: OperandKind, _ expected: Int64, _ value: Int64, _ instruction: Instruction) -> String? {
    if kind == .rel8 || kind == .rel32 {
      let target = instruction.next &+ UInt64(bitPattern: expected)
      return value == Int64(bitPattern: target) ? nil : "the target should be \(target)"
    }
    // Capstone extends an immediate to the operand's width, signed or not.
    let bits = min(64, (kind == .immU8 ? 1 : kind == .immU16 ? 2 : width.bytes) * 8)
    let mask = bits == 64 ? -1 : (Int64(1) << Int64(bits)) - 1
    return value & mask == expected & mask ? nil : "the immediate should be \(expected)"
  }

  private func problem(_ expected: Mem, _ memory: MemoryOperand) -> String? {
    if memory.base?.name != expected.base.map({ "\($0)" }) { return "the base differs" }
    if memory.index?.name != expected.index.map({ "\($0)" }) { return "the index differs" }
    if expected.index != nil && memory.scale != 1 << Int(expected.scale.rawValue) { return "the scale differs" }
    if memory.displacement != Int64(expected.displacement) { return "the displacement differs" }
    if memory.segment?.name != expected.segment.map({ "\($0)" }) { return "the segment differs" }
    return nil
  }

  private func name(_ number: UInt8, _ width: OperandWidth) -> String {
    switch width {
    case .byte: Reg8(number: number).description
    case .word: Reg16(number: number).description
    case .dword: Reg32(number: number).description
    case .qword: Reg64(number: number).description
    }
  }
}
