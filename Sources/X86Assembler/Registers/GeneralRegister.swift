/// The width of an operation on general registers or on memory.
@frozen
public enum OperandWidth: UInt8, CaseIterable, Hashable, Sendable {
  case byte, word, dword, qword

  /// The width in bytes: 1, 2, 4 or 8.
  public var bytes: Int { 1 << Int(rawValue) }
}

/// A general-purpose register of one width.
///
/// The width is part of the type, so that an instruction with operands of different widths does not compile. The names of
/// the registers are found by leading-dot syntax in any instruction: `a.mov(.rax, .rdi)`.
public protocol GeneralRegister: Hashable, Sendable, CustomStringConvertible {
  /// The immediate that an instruction of this width takes; 64-bit instructions sign-extend 32 bits.
  associatedtype Immediate: FixedWidthInteger & SignedInteger & Sendable
  /// The immediate that `mov` to a register of this width takes.
  associatedtype MoveImmediate: FixedWidthInteger & SignedInteger & Sendable

  static var width: OperandWidth { get }

  /// The register's number, 0 to 15, in the order of the manual: `a c d b sp bp si di 8…15`.
  var number: UInt8 { get }

  /// The number, and bit 6 where the register exists only with a REX prefix (`spl`, `bpl`, `sil`, `dil`).
  var operandBits: UInt8 { get }

  /// The register with a number of 0 to 15; a number above traps.
  init(number: UInt8)
}

extension GeneralRegister {
  /// This register's 64-bit name.
  @inlinable public var as64: Reg64 { Reg64(number: number) }
  /// This register's 32-bit name.
  @inlinable public var as32: Reg32 { Reg32(number: number) }
  /// This register's 16-bit name.
  @inlinable public var as16: Reg16 { Reg16(number: number) }
  /// This register's 8-bit name (never `ah`, `ch`, `dh` or `bh`).
  @inlinable public var as8: Reg8 { Reg8(number: number) }
}

/// A general register of 16 bits or more: what `imul`, `cmov`, `bsf` and `movzx` write.
public protocol WideRegister: GeneralRegister {}

/// A general register of 32 or 64 bits: what `lea`, `bswap` and the conversions from floating point write.
public protocol LongRegister: WideRegister {}
