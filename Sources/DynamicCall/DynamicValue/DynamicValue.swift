import Ftrace

/// An argument or a result whose type is known only at run time.
public enum DynamicValue: Hashable, Sendable {
  case int8(Int8)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case uint8(UInt8)
  case uint16(UInt16)
  case uint32(UInt32)
  case uint64(UInt64)
  case bool(Bool)
  case float(Float)
  case double(Double)
  /// An address. What it points at is the caller's business, as in C.
  case pointer(UInt)
  /// What a function without a result returns. Not an argument.
  case void

  /// An `Int`, which has 64 bits on this platform.
  public static func int(_ value: Int) -> DynamicValue { .int64(Int64(value)) }

  /// The type of this value.
  public var type: DynamicType {
    switch self {
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .bool: .bool
    case .float: .float
    case .double: .double
    case .pointer: .pointer
    case .void: .void
    }
  }

  /// The value in a cell of eight bytes, its own bytes first.
  var cell: UInt64 {
    switch self {
    case .int8(let value): value.registerBits
    case .int16(let value): value.registerBits
    case .int32(let value): value.registerBits
    case .int64(let value): value.registerBits
    case .uint8(let value): value.registerBits
    case .uint16(let value): value.registerBits
    case .uint32(let value): value.registerBits
    case .uint64(let value): value.registerBits
    case .bool(let value): value.registerBits
    case .float(let value): value.registerBits
    case .double(let value): value.registerBits
    case .pointer(let value): value.registerBits
    case .void: 0
    }
  }

  /// The value of a type that a cell holds. Bytes beyond those of the type are ignored: libffi extends small integers, and what a
  /// function leaves in the upper part of a register is not defined.
  init(_ type: DynamicType, cell: UInt64) {
    self =
      switch type {
      case .int8: .int8(Int8(registerBits: cell))
      case .int16: .int16(Int16(registerBits: cell))
      case .int32: .int32(Int32(registerBits: cell))
      case .int64: .int64(Int64(registerBits: cell))
      case .uint8: .uint8(UInt8(registerBits: cell))
      case .uint16: .uint16(UInt16(registerBits: cell))
      case .uint32: .uint32(UInt32(registerBits: cell))
      case .uint64: .uint64(UInt64(registerBits: cell))
      case .bool: .bool(Bool(registerBits: cell))
      case .float: .float(Float(registerBits: cell))
      case .double: .double(Double(registerBits: cell))
      case .pointer: .pointer(UInt(registerBits: cell))
      case .void: .void
      }
  }
}
