import FtraceX86Assembler

/// A call of a typed method, and what it must emit: the shortest of the table's forms of a mnemonic for some operands.
///
/// Calls use the registers 9 and 6, which need REX and, as a byte register, demand it, and one memory operand with everything.
struct TypedCall {
  let mnemonic: String
  /// Nil where only one width accepts the operands.
  let width: OperandWidth?
  let condition: Condition?
  let operands: [FormOperand]
  /// The one form that is meant, where a mnemonic has several for the same operands.
  let form: Form?
  let locked: Bool
  let emit: (Assembler) -> Void

  init(
    _ mnemonic: String, _ operands: [FormOperand], width: OperandWidth? = nil, condition: Condition? = nil,
    form: Form? = nil, locked: Bool = false, _ emit: @escaping (Assembler) -> Void
  ) {
    self.mnemonic = mnemonic
    self.width = width
    self.condition = condition
    self.operands = operands
    self.form = form
    self.locked = locked
    self.emit = emit
  }

  static let memory = Mem.base(.r10, index: .r12, scale: .x4, 0x123)

  static func all() -> [TypedCall] {
    let general = general(Reg8.self) + general(Reg16.self) + general(Reg32.self) + general(Reg64.self)
    let wide = wide(Reg16.self) + wide(Reg32.self) + wide(Reg64.self) + long(Reg32.self) + long(Reg64.self)
    let memory = memory(Byte()) + memory(Word()) + memory(Dword()) + memory(Qword())
    let wideMemory = wideMemory(Word()) + wideMemory(Dword()) + wideMemory(Qword())
    return general + wide + memory + wideMemory + longMemory(Dword()) + longMemory(Qword()) + fixed + vector
  }

  /// The encodings that the table has for the operands, with their forms and widths.
  func candidates() throws -> [(form: Form, width: OperandWidth, bytes: [UInt8])] {
    var found: [(form: Form, width: OperandWidth, bytes: [UInt8])] = []
    for row in Form.table where row.mnemonic == mnemonic && (form == nil || row.form == form) {
      for width in row.operandWidths where self.width == nil || self.width == width || row.widths.isEmpty {
        let accepted =
          row.operands.count == operands.count && row.condition == (condition != nil)
          && zip(row.operands, operands).allSatisfy { $0.accepts($1, width) }
        if !accepted { continue }
        let assembler = Assembler()
        if locked { try assembler.encode(.lockPrefix, []) }
        try assembler.encode(row.form, operands, width: width, condition: condition)
        found.append((row.form, width, try assembler.finish().bytes))
      }
    }
    return found
  }
}
