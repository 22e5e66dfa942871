import Ftrace

/// The type of an argument or result that is known only at run time.
public enum DynamicType: Hashable, Sendable, CaseIterable {
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case bool
  case float, double
  /// An address.
  case pointer
  /// No result. Not a type of arguments.
  case void

  /// How the C convention passes a value of this type; nil for `void`. Types of one class can stand for each other: `bool` and
  /// `uint8`, `pointer` and `uint64`.
  public var valueClass: ValueClass? {
    switch self {
    case .int8: Int8.valueClass
    case .int16: Int16.valueClass
    case .int32: Int32.valueClass
    case .int64: Int64.valueClass
    case .uint8: UInt8.valueClass
    case .uint16: UInt16.valueClass
    case .uint32: UInt32.valueClass
    case .uint64: UInt64.valueClass
    case .bool: Bool.valueClass
    case .float: Float.valueClass
    case .double: Double.valueClass
    case .pointer: .pointer
    case .void: nil
    }
  }
}
