/// A row of the table of instruction forms: the only place that knows how a form is encoded.
///
/// Opcodes, prefixes and digits are those of the Intel SDM, volume 2. The emitters run from the packed words that a row gives
/// for each width; the printer, `Assembler.encode` and the tests read the row itself.
public struct FormRow: Sendable {
  /// The widths that a form exists in.
  public struct Widths: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The opcode one below, where the row's operands have a width.
    public static let byte = Widths(rawValue: 1)
    /// The operand-size prefix.
    public static let word = Widths(rawValue: 2)
    public static let dword = Widths(rawValue: 4)
    /// REX.W.
    public static let qword = Widths(rawValue: 8)
    /// 64 bits without REX.W: the stack, calls and jumps.
    public static let implicitQword = Widths(rawValue: 16)

    public static let all: Widths = [.byte, .word, .dword, .qword]
    public static let wide: Widths = [.word, .dword, .qword]
    public static let long: Widths = [.dword, .qword]
  }

  public let form: Form
  /// The mnemonic, without a condition.
  public let mnemonic: String
  /// The operands, as Intel's syntax orders them.
  public let operands: [OperandKind]
  /// The opcode with its escape bytes, as the manual writes it: `0x0F3A0B`.
  public let opcode: UInt32
  /// The mandatory prefix, or 0.
  public let prefix: UInt8
  /// The opcode extension in ModRM.reg, or nil.
  public let digit: UInt8?
  /// The widths; empty for a form without a width.
  public let widths: Widths
  /// Whether the condition's code is added to the opcode.
  public let condition: Bool

  init(
    _ form: Form, _ mnemonic: String, _ operands: [OperandKind], _ opcode: UInt32, prefix: UInt8 = 0,
    digit: UInt8? = nil, widths: Widths = [], condition: Bool = false
  ) {
    self.form = form
    self.mnemonic = mnemonic
    self.operands = operands
    self.opcode = opcode
    self.prefix = prefix
    self.digit = digit
    self.widths = widths
    self.condition = condition
  }

  /// The widths that the form can be encoded with; a form without a width counts as `.dword`.
  public var operandWidths: [OperandWidth] {
    if widths.isEmpty { return [.dword] }
    if widths == .implicitQword { return [.qword] }
    return OperandWidth.allCases.filter { widths.contains(Widths(rawValue: 1 << $0.rawValue)) }
  }
}

extension Form {
  /// All forms, indexed by raw value.
  public static let table: [FormRow] =
    FormRow.arithmetic + FormRow.shift + FormRow.move + FormRow.control + FormRow.vectorMove + FormRow.vector

  public var row: FormRow { Self.table[Int(rawValue)] }
}
