/// The type of a value; raw values are the binary format's.
package enum ValueType: UInt8, Hashable, Sendable, CaseIterable {
  case i32 = 0x7F
  case i64 = 0x7E
  case f32 = 0x7D
  case f64 = 0x7C
  /// A nullable reference to a function.
  case funcref = 0x70
  /// A nullable reference to something of the host.
  case externref = 0x6F
  /// A nullable reference to an exception that was caught.
  case exnref = 0x69

  package var isReference: Bool {
    switch self {
    case .i32, .i64, .f32, .f64: false
    case .funcref, .externref, .exnref: true
    }
  }
}

extension ValueType: CustomStringConvertible {
  package var description: String {
    switch self {
    case .i32: "i32"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    case .funcref: "funcref"
    case .externref: "externref"
    case .exnref: "exnref"
    }
  }
}
