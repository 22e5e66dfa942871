/// A register that can be an index: any 64-bit general register except `rsp`, whose number means "no index".
@frozen
public struct IndexRegister: Hashable, Sendable, CustomStringConvertible {
  public let number: UInt8

  /// A register chosen at run time; `rsp` traps.
  @inlinable public init(_ register: Reg64) {
    precondition(register.number != 4, "rsp cannot be an index: its number means that there is none")
    number = register.number
  }

  public var description: String { Reg64.names[Int(number)] }

  @inlinable public static var rax: IndexRegister { IndexRegister(.rax) }
  @inlinable public static var rcx: IndexRegister { IndexRegister(.rcx) }
  @inlinable public static var rdx: IndexRegister { IndexRegister(.rdx) }
  @inlinable public static var rbx: IndexRegister { IndexRegister(.rbx) }
  @inlinable public static var rbp: IndexRegister { IndexRegister(.rbp) }
  @inlinable public static var rsi: IndexRegister { IndexRegister(.rsi) }
  @inlinable public static var rdi: IndexRegister { IndexRegister(.rdi) }
  @inlinable public static var r8: IndexRegister { IndexRegister(.r8) }
  @inlinable public static var r9: IndexRegister { IndexRegister(.r9) }
  @inlinable public static var r10: IndexRegister { IndexRegister(.r10) }
  @inlinable public static var r11: IndexRegister { IndexRegister(.r11) }
  @inlinable public static var r12: IndexRegister { IndexRegister(.r12) }
  @inlinable public static var r13: IndexRegister { IndexRegister(.r13) }
  @inlinable public static var r14: IndexRegister { IndexRegister(.r14) }
  @inlinable public static var r15: IndexRegister { IndexRegister(.r15) }
}
