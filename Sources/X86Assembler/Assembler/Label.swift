/// A place in the code of one assembler, bound once and referred to before or after.
@frozen
public struct Label: Hashable, Sendable, CustomStringConvertible {
  /// The label's number in its assembler, in the order of creation.
  public let id: UInt32
  /// The number of the assembler, a new one with each `reset`: how a label of another one is told.
  @usableFromInline let owner: UInt32

  @inlinable
  init(id: UInt32, owner: UInt32) { (self.id, self.owner) = (id, owner) }

  public var description: String { "L\(id)" }
}

/// A name for an address that the assembler does not know. Whoever installs the code gives it a meaning.
@frozen
public struct Symbol: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public var description: String { "symbol:\(String(rawValue, radix: 16))" }
}

/// A field of the code that is filled in when the code is placed.
public struct Relocation: Hashable, Sendable {
  /// How the field's value follows from the symbol's address S, the addend A and the field's address P.
  public enum Kind: UInt8, Hashable, Sendable {
    /// Four bytes: S + A - P. The addend contains the -4 that makes it relative to the end of the field.
    case pcRelative32
    /// Eight bytes: S + A.
    case absolute64
  }

  /// The offset of the field in the code.
  public var offset: Int
  public var symbol: Symbol
  public var addend: Int32
  public var kind: Kind

  public init(offset: Int, symbol: Symbol, addend: Int32, kind: Kind) {
    self.offset = offset
    self.symbol = symbol
    self.addend = addend
    self.kind = kind
  }
}
