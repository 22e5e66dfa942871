/// A value that goes into an instance or comes out of it. Floating point numbers are bits, so that NaNs can be compared.
enum SpecValue: Hashable, CustomStringConvertible {
  case i32(UInt32)
  case i64(UInt64)
  case f32(UInt32)
  case f64(UInt64)
  case funcref(isNull: Bool)
  /// A number that stands for something of the host; nil for null.
  case externref(UInt32?)
  case exnref(isNull: Bool)

  /// Nil if the constant is no value that can be handed over, as a reference to a function.
  init?(_ constant: SpecConstant) {
    switch (constant.type, constant.value) {
    case ("i32", let text?): self.init(text, { UInt32($0) ?? Int32($0).map(UInt32.init(bitPattern:)) }, Self.i32)
    case ("i64", let text?): self.init(text, { UInt64($0) ?? Int64($0).map(UInt64.init(bitPattern:)) }, Self.i64)
    case ("f32", let text?): self.init(text, UInt32.init, Self.f32)
    case ("f64", let text?): self.init(text, UInt64.init, Self.f64)
    case ("funcref", "null"): self = .funcref(isNull: true)
    case ("exnref", "null"): self = .exnref(isNull: true)
    case ("externref", "null"): self = .externref(nil)
    case ("externref", let text?): self.init(text, UInt32.init, Self.externref)
    default: return nil
    }
  }

  private init?<Number>(_ text: String, _ parse: (String) -> Number?, _ make: (Number) -> SpecValue) {
    guard let number = parse(text) else { return nil }
    self = make(number)
  }

  var isNull: Bool {
    switch self {
    case .i32, .i64, .f32, .f64: false
    case .funcref(let isNull), .exnref(let isNull): isNull
    case .externref(let value): value == nil
    }
  }

  var description: String {
    switch self {
    case .i32(let value): "i32 \(value)"
    case .i64(let value): "i64 \(value)"
    case .f32(let bits): "f32 0x\(String(bits, radix: 16)) (\(Float(bitPattern: bits)))"
    case .f64(let bits): "f64 0x\(String(bits, radix: 16)) (\(Double(bitPattern: bits)))"
    case .funcref(let isNull): isNull ? "funcref null" : "a funcref"
    case .externref(let value): "externref \(value.map(String.init) ?? "null")"
    case .exnref(let isNull): isNull ? "exnref null" : "an exnref"
    }
  }
}
