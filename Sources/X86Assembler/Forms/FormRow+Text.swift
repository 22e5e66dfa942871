/// The printer: instructions and forms in Intel syntax.
extension FormRow {
  /// An instruction of this form: `add rax, qword [rcx + 8]`. Operands that the form does not accept print as they are.
  public func text(_ operands: [FormOperand], width: OperandWidth = .dword, condition: Condition? = nil) -> String {
    let name = mnemonic + (condition.map { "\($0)" } ?? "")
    let list = zip(self.operands, operands).map { $0.text($1, width) }
    return list.isEmpty ? name : "\(name) \(list.joined(separator: ", "))"
  }
}

extension FormRow: CustomStringConvertible {
  /// The form as the manual writes it, with its widths: `add rm, reg (byte word dword qword)`.
  public var description: String {
    let name = mnemonic + (condition ? "cc" : "")
    let list = operands.map { "\($0)" }.joined(separator: ", ")
    let widths = self.widths.isEmpty ? "" : " (\(operandWidths.map { "\($0)" }.joined(separator: " ")))"
    return (list.isEmpty ? name : "\(name) \(list)") + widths
  }
}

extension OperandKind {
  /// The width of a general register in this position; nil for positions of other kinds.
  public func registerWidth(_ width: OperandWidth) -> OperandWidth? {
    switch self {
    case .reg, .rm, .plus, .accumulator: width
    case .rm8, .cl: .byte
    case .rm16: .word
    case .rm32, .reg32, .reg32mem: .dword
    default: nil
    }
  }

  /// The bytes of memory that the instruction accesses in this position; nil where there is none or they are not fixed.
  public func memoryBytes(_ width: OperandWidth) -> Int? {
    switch self {
    case .rm: width.bytes
    case .rm8: 1
    case .rm16: 2
    case .rm32: 4
    case .xm(let bytes), .memory(let bytes), .reg32mem(let bytes): bytes == 0 ? nil : Int(bytes)
    default: nil
    }
  }

  func text(_ operand: FormOperand, _ width: OperandWidth) -> String {
    switch operand {
    case .register(let number): (registerWidth(width) ?? width).name(of: number)
    case .vector(let register): "\(register)"
    case .immediate(let value): "\(value)"
    case .memory(let memory):
      switch memoryBytes(width) {
      case 1: "byte \(memory)"
      case 2: "word \(memory)"
      case 4: "dword \(memory)"
      case 8: "qword \(memory)"
      case 16: "xmmword \(memory)"
      default: "\(memory)"
      }
    case .implied: self == .one ? "1" : (registerWidth(width) ?? width).name(of: self == .cl ? 1 : 0)
    }
  }
}

extension OperandWidth {
  /// The name of a general register of this width.
  func name(of register: UInt8) -> String {
    switch self {
    case .byte: Reg8(number: register).description
    case .word: Reg16(number: register).description
    case .dword: Reg32(number: register).description
    case .qword: Reg64(number: register).description
    }
  }
}
