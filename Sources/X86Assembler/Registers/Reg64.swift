/// A 64-bit general register.
@frozen
public struct Reg64: LongRegister {
  public typealias Immediate = Int32
  public typealias MoveImmediate = Int64

  public let number: UInt8

  @inlinable public init(number: UInt8) {
    precondition(number < 16, "general registers are numbered 0 to 15")
    self.number = number
  }

  @inlinable public static var width: OperandWidth { .qword }
  @inlinable public var operandBits: UInt8 { number }

  static let names = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
  ]

  public var description: String { Self.names[Int(number)] }
}

extension GeneralRegister where Self == Reg64 {
  @inlinable public static var rax: Reg64 { Reg64(number: 0) }
  @inlinable public static var rcx: Reg64 { Reg64(number: 1) }
  @inlinable public static var rdx: Reg64 { Reg64(number: 2) }
  @inlinable public static var rbx: Reg64 { Reg64(number: 3) }
  @inlinable public static var rsp: Reg64 { Reg64(number: 4) }
  @inlinable public static var rbp: Reg64 { Reg64(number: 5) }
  @inlinable public static var rsi: Reg64 { Reg64(number: 6) }
  @inlinable public static var rdi: Reg64 { Reg64(number: 7) }
  @inlinable public static var r8: Reg64 { Reg64(number: 8) }
  @inlinable public static var r9: Reg64 { Reg64(number: 9) }
  @inlinable public static var r10: Reg64 { Reg64(number: 10) }
  @inlinable public static var r11: Reg64 { Reg64(number: 11) }
  @inlinable public static var r12: Reg64 { Reg64(number: 12) }
  @inlinable public static var r13: Reg64 { Reg64(number: 13) }
  @inlinable public static var r14: Reg64 { Reg64(number: 14) }
  @inlinable public static var r15: Reg64 { Reg64(number: 15) }
}
