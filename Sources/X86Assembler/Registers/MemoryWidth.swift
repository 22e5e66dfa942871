/// The stated width of a memory operand that no register operand gives a width to: `a.inc(.dword, .base(.rdi))`.
public protocol MemoryWidth: Sendable {
  /// The general register of the same width, which also gives the type of immediates.
  associatedtype Register: GeneralRegister
}

/// A stated width of 16 bits or more.
public protocol WideMemoryWidth: MemoryWidth {}

/// A stated width of 32 or 64 bits.
public protocol LongMemoryWidth: WideMemoryWidth {}

/// One byte of memory.
@frozen
public struct Byte: MemoryWidth {
  public typealias Register = Reg8
  @inlinable public init() {}
}

extension MemoryWidth where Self == Byte {
  @inlinable public static var byte: Byte { Byte() }
}

/// Two bytes of memory.
@frozen
public struct Word: WideMemoryWidth {
  public typealias Register = Reg16
  @inlinable public init() {}
}

extension MemoryWidth where Self == Word {
  @inlinable public static var word: Word { Word() }
}

/// Four bytes of memory.
@frozen
public struct Dword: LongMemoryWidth {
  public typealias Register = Reg32
  @inlinable public init() {}
}

extension MemoryWidth where Self == Dword {
  @inlinable public static var dword: Dword { Dword() }
}

/// Eight bytes of memory.
@frozen
public struct Qword: LongMemoryWidth {
  public typealias Register = Reg64
  @inlinable public init() {}
}

extension MemoryWidth where Self == Qword {
  @inlinable public static var qword: Qword { Qword() }
}
