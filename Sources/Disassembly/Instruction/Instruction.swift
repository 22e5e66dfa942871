/// One decoded instruction, or one byte that is none.
public struct Instruction: Hashable, Sendable {
  /// What an instruction does to the flow of control, and other groups that an audit asks for.
  public struct Groups: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Any jump: conditional, direct, indirect.
    public static let jump = Groups(rawValue: 1 << 1)
    public static let call = Groups(rawValue: 1 << 2)
    public static let `return` = Groups(rawValue: 1 << 3)
    /// `int`, `int3`, `syscall`.
    public static let interrupt = Groups(rawValue: 1 << 4)
    public static let interruptReturn = Groups(rawValue: 1 << 5)
    public static let privileged = Groups(rawValue: 1 << 6)
    /// A jump or call whose target is relative.
    public static let relative = Groups(rawValue: 1 << 7)
  }

  public var address: UInt64
  public var bytes: [UInt8]
  /// The mnemonic with its prefixes, as in `lock cmpxchg`; `.byte` for a byte that begins no instruction.
  public var mnemonic: String
  /// The operands in Intel's order. Implicit operands are here where the assembler's syntax shows them.
  public var operands: [Operand]
  /// The operands as Intel syntax writes them.
  public var operandText: String
  public var groups: Groups

  /// The number of bytes, 1 to 15.
  public var length: Int { bytes.count }

  /// The address of the next instruction.
  public var next: UInt64 { address &+ UInt64(bytes.count) }

  /// False for a byte that begins no instruction.
  public var isValid: Bool { mnemonic != ".byte" }

  /// The address that a direct jump or call goes to; nil for anything else.
  public var target: UInt64? {
    guard groups.contains(.call) || groups.contains(.jump) else { return nil }
    guard operands.count == 1, case .immediate(let value) = operands[0].kind else { return nil }
    return UInt64(bitPattern: value)
  }

  /// The address of the memory that a rip-relative operand names; nil if there is none.
  public var ripRelativeAddress: UInt64? {
    for case .memory(let memory) in operands.map(\.kind) where memory.base == .rip {
      return next &+ UInt64(bitPattern: memory.displacement)
    }
    return nil
  }

  /// The instruction in Intel syntax.
  public var text: String { operandText.isEmpty ? mnemonic : "\(mnemonic) \(operandText)" }
}

extension Instruction: CustomStringConvertible {
  public var description: String { text }
}
