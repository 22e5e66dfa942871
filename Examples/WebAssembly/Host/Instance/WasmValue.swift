/// A value as the host sees it. Numbers are bits, so that NaNs keep theirs.
package enum WasmValue: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  case f32(UInt32)
  case f64(UInt64)
  /// The address of a function's record; 0: null.
  case funcref(UInt)
  /// The host's own word; nil: null.
  case externref(UInt?)

  /// As a word of the store.
  package var word: UInt64 {
    switch self {
    case .i32(let value), .f32(let value): UInt64(value)
    case .i64(let value), .f64(let value): value
    case .funcref(let address): UInt64(address)
    // 0 is null, so words are moved up by one.
    case .externref(let value): value.map { UInt64($0) + 1 } ?? 0
    }
  }

  package init(_ word: UInt64, _ type: ValueType) {
    switch type {
    case .i32: self = .i32(UInt32(truncatingIfNeeded: word))
    case .i64: self = .i64(word)
    case .f32: self = .f32(UInt32(truncatingIfNeeded: word))
    case .f64: self = .f64(word)
    case .funcref: self = .funcref(UInt(word))
    case .externref, .exnref: self = .externref(word == 0 ? nil : UInt(word - 1))
    }
  }

  package var type: ValueType {
    switch self {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    case .funcref: .funcref
    case .externref: .externref
    }
  }
}
