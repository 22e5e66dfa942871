/// An 8-bit general register, the low byte of one of the sixteen. The high bytes `ah`, `ch`, `dh`, `bh` are left out: they
/// cannot stand beside a REX prefix.
@frozen
public struct Reg8: GeneralRegister {
  public typealias Immediate = Int8
  public typealias MoveImmediate = Int8

  public let number: UInt8

  @inlinable public init(number: UInt8) {
    precondition(number < 16, "general registers are numbered 0 to 15")
    self.number = number
  }

  @inlinable public static var width: OperandWidth { .byte }
  @inlinable public var operandBits: UInt8 { number >= 4 ? number | 0x40 : number }

  static let names = [
    "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
    "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
  ]

  public var description: String { Self.names[Int(number)] }
}

extension GeneralRegister where Self == Reg8 {
  @inlinable public static var al: Reg8 { Reg8(number: 0) }
  @inlinable public static var cl: Reg8 { Reg8(number: 1) }
  @inlinable public static var dl: Reg8 { Reg8(number: 2) }
  @inlinable public static var bl: Reg8 { Reg8(number: 3) }
  @inlinable public static var spl: Reg8 { Reg8(number: 4) }
  @inlinable public static var bpl: Reg8 { Reg8(number: 5) }
  @inlinable public static var sil: Reg8 { Reg8(number: 6) }
  @inlinable public static var dil: Reg8 { Reg8(number: 7) }
  @inlinable public static var r8b: Reg8 { Reg8(number: 8) }
  @inlinable public static var r9b: Reg8 { Reg8(number: 9) }
  @inlinable public static var r10b: Reg8 { Reg8(number: 10) }
  @inlinable public static var r11b: Reg8 { Reg8(number: 11) }
  @inlinable public static var r12b: Reg8 { Reg8(number: 12) }
  @inlinable public static var r13b: Reg8 { Reg8(number: 13) }
  @inlinable public static var r14b: Reg8 { Reg8(number: 14) }
  @inlinable public static var r15b: Reg8 { Reg8(number: 15) }
}
