/// Pointers, and pointers that may be nil. What they point at is the caller's business, as in C.
extension UnsafePointer: @unsafe EmittedValue {
  @inlinable public static var valueClass: ValueClass { .pointer }
  @inlinable public var registerBits: UInt64 { UInt64(UInt(bitPattern: self)) }
  // A null pointer from emitted code for a type that cannot be null is a mistake of that code, and traps.
  @inlinable public init(registerBits: UInt64) { unsafe self.init(bitPattern: UInt(registerBits))! }
}

extension UnsafeMutablePointer: @unsafe EmittedValue {
  @inlinable public static var valueClass: ValueClass { .pointer }
  @inlinable public var registerBits: UInt64 { UInt64(UInt(bitPattern: self)) }
  @inlinable public init(registerBits: UInt64) { unsafe self.init(bitPattern: UInt(registerBits))! }
}

extension UnsafeRawPointer: @unsafe EmittedValue {
  @inlinable public static var valueClass: ValueClass { .pointer }
  @inlinable public var registerBits: UInt64 { UInt64(UInt(bitPattern: self)) }
  @inlinable public init(registerBits: UInt64) { unsafe self.init(bitPattern: UInt(registerBits))! }
}

extension UnsafeMutableRawPointer: @unsafe EmittedValue {
  @inlinable public static var valueClass: ValueClass { .pointer }
  @inlinable public var registerBits: UInt64 { UInt64(UInt(bitPattern: self)) }
  @inlinable public init(registerBits: UInt64) { unsafe self.init(bitPattern: UInt(registerBits))! }
}

/// A value that is nil as a null pointer.
public protocol NullableEmittedValue: EmittedValue {}
extension UnsafePointer: @unsafe NullableEmittedValue {}
extension UnsafeMutablePointer: @unsafe NullableEmittedValue {}
extension UnsafeRawPointer: @unsafe NullableEmittedValue {}
extension UnsafeMutableRawPointer: @unsafe NullableEmittedValue {}

extension Optional: EmittedValue where Wrapped: NullableEmittedValue {
  @inlinable public static var valueClass: ValueClass { .pointer }
  @inlinable public var registerBits: UInt64 { map(\.registerBits) ?? 0 }
  @inlinable public init(registerBits: UInt64) { self = registerBits == 0 ? nil : Wrapped(registerBits: registerBits) }
}
