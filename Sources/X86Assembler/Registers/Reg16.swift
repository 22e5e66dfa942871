/// A 16-bit general register.
@frozen
public struct Reg16: WideRegister {
  public typealias Immediate = Int16
  public typealias MoveImmediate = Int16

  public let number: UInt8

  @inlinable public init(number: UInt8) {
    precondition(number < 16, "general registers are numbered 0 to 15")
    self.number = number
  }

  @inlinable public static var width: OperandWidth { .word }
  @inlinable public var operandBits: UInt8 { number }

  static let names = [
    "ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
    "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
  ]

  public var description: String { Self.names[Int(number)] }
}

extension GeneralRegister where Self == Reg16 {
  @inlinable public static var ax: Reg16 { Reg16(number: 0) }
  @inlinable public static var cx: Reg16 { Reg16(number: 1) }
  @inlinable public static var dx: Reg16 { Reg16(number: 2) }
  @inlinable public static var bx: Reg16 { Reg16(number: 3) }
  @inlinable public static var sp: Reg16 { Reg16(number: 4) }
  @inlinable public static var bp: Reg16 { Reg16(number: 5) }
  @inlinable public static var si: Reg16 { Reg16(number: 6) }
  @inlinable public static var di: Reg16 { Reg16(number: 7) }
  @inlinable public static var r8w: Reg16 { Reg16(number: 8) }
  @inlinable public static var r9w: Reg16 { Reg16(number: 9) }
  @inlinable public static var r10w: Reg16 { Reg16(number: 10) }
  @inlinable public static var r11w: Reg16 { Reg16(number: 11) }
  @inlinable public static var r12w: Reg16 { Reg16(number: 12) }
  @inlinable public static var r13w: Reg16 { Reg16(number: 13) }
  @inlinable public static var r14w: Reg16 { Reg16(number: 14) }
  @inlinable public static var r15w: Reg16 { Reg16(number: 15) }
}
