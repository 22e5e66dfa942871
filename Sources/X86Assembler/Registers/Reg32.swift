/// A 32-bit general register. An instruction that writes one clears the upper half of the 64-bit register.
@frozen
public struct Reg32: LongRegister {
  public typealias Immediate = Int32
  public typealias MoveImmediate = Int32

  public let number: UInt8

  @inlinable public init(number: UInt8) {
    precondition(number < 16, "general registers are numbered 0 to 15")
    self.number = number
  }

  @inlinable public static var width: OperandWidth { .dword }
  @inlinable public var operandBits: UInt8 { number }

  static let names = [
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
  ]

  public var description: String { Self.names[Int(number)] }
}

extension GeneralRegister where Self == Reg32 {
  @inlinable public static var eax: Reg32 { Reg32(number: 0) }
  @inlinable public static var ecx: Reg32 { Reg32(number: 1) }
  @inlinable public static var edx: Reg32 { Reg32(number: 2) }
  @inlinable public static var ebx: Reg32 { Reg32(number: 3) }
  @inlinable public static var esp: Reg32 { Reg32(number: 4) }
  @inlinable public static var ebp: Reg32 { Reg32(number: 5) }
  @inlinable public static var esi: Reg32 { Reg32(number: 6) }
  @inlinable public static var edi: Reg32 { Reg32(number: 7) }
  @inlinable public static var r8d: Reg32 { Reg32(number: 8) }
  @inlinable public static var r9d: Reg32 { Reg32(number: 9) }
  @inlinable public static var r10d: Reg32 { Reg32(number: 10) }
  @inlinable public static var r11d: Reg32 { Reg32(number: 11) }
  @inlinable public static var r12d: Reg32 { Reg32(number: 12) }
  @inlinable public static var r13d: Reg32 { Reg32(number: 13) }
  @inlinable public static var r14d: Reg32 { Reg32(number: 14) }
  @inlinable public static var r15d: Reg32 { Reg32(number: 15) }
}
