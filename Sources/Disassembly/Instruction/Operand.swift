/// One operand of a decoded instruction.
public struct Operand: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case register(Register)
    /// Branch targets are addresses; other immediates are as capstone extends them.
    case immediate(Int64)
    case memory(MemoryOperand)
  }

  public var kind: Kind
  /// The bytes that the instruction uses of the operand.
  public var size: Int
  /// Whether the instruction reads or writes the operand, as far as capstone knows.
  public var isRead: Bool
  public var isWritten: Bool
}

/// An address in memory: `segment:[base + index * scale + displacement]`.
public struct MemoryOperand: Hashable, Sendable {
  public var segment: Register?
  public var base: Register?
  public var index: Register?
  /// 1, 2, 4 or 8.
  public var scale: Int
  public var displacement: Int64
}
