/// A type whose values emitted code can take and return: integers of all widths, `Float`, `Double`, `Bool`, pointers.
///
/// A value travels in a cell of eight bytes between Swift and the adaptor of its signature.
public protocol EmittedValue: BitwiseCopyable, SendableMetatype {
  /// How the C convention passes it.
  static var valueClass: ValueClass { get }
  /// The value in a register, extended to eight bytes by its sign if it has one.
  var registerBits: UInt64 { get }
  /// The value that a register holds. Bits beyond its width are ignored.
  init(registerBits: UInt64)
}

extension EmittedValue where Self: FixedWidthInteger {
  @inlinable public static var valueClass: ValueClass { .integer(.init(bits: Self.bitWidth), signed: Self.isSigned) }
  @inlinable public var registerBits: UInt64 { UInt64(truncatingIfNeeded: self) }
  @inlinable public init(registerBits: UInt64) { self.init(truncatingIfNeeded: registerBits) }
}

extension Int: EmittedValue {}
extension Int64: EmittedValue {}
extension Int32: EmittedValue {}
extension Int16: EmittedValue {}
extension Int8: EmittedValue {}
extension UInt: EmittedValue {}
extension UInt64: EmittedValue {}
extension UInt32: EmittedValue {}
extension UInt16: EmittedValue {}
extension UInt8: EmittedValue {}

extension Bool: EmittedValue {
  @inlinable public static var valueClass: ValueClass { .boolean }
  @inlinable public var registerBits: UInt64 { self ? 1 : 0 }
  @inlinable public init(registerBits: UInt64) { self = registerBits & 0xFF != 0 }
}

extension Float: EmittedValue {
  @inlinable public static var valueClass: ValueClass { .float }
  @inlinable public var registerBits: UInt64 { UInt64(bitPattern) }
  @inlinable public init(registerBits: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: registerBits)) }
}

extension Double: EmittedValue {
  @inlinable public static var valueClass: ValueClass { .double }
  @inlinable public var registerBits: UInt64 { bitPattern }
  @inlinable public init(registerBits: UInt64) { self.init(bitPattern: registerBits) }
}

extension OperandWidth {
  /// The width of an integer of 8, 16, 32 or 64 bits.
  @usableFromInline init(bits: Int) {
    self =
      switch bits {
      case 8: .byte
      case 16: .word
      case 32: .dword
      default: .qword
      }
  }
}
