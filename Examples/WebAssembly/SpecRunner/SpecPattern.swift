/// What a result may be.
enum SpecPattern: CustomStringConvertible {
  case exactly(SpecValue)
  /// The NaN with only the highest bit of its fraction, of either sign.
  case canonicalNaN32, canonicalNaN64
  /// A NaN with the highest bit of its fraction, and perhaps others.
  case arithmeticNaN32, arithmeticNaN64
  case anyNull
  case anyFunction
  case anyExternal
  case anyException
  case either([SpecPattern])

  /// Nil for a type of a feature that is missing.
  init?(_ constant: SpecConstant) {
    switch (constant.type, constant.value) {
    case ("either", _):
      let patterns = (constant.values ?? []).compactMap(SpecPattern.init)
      guard patterns.count == constant.values?.count else { return nil }
      self = .either(patterns)
    case ("f32", "nan:canonical"): self = .canonicalNaN32
    case ("f64", "nan:canonical"): self = .canonicalNaN64
    case ("f32", "nan:arithmetic"): self = .arithmeticNaN32
    case ("f64", "nan:arithmetic"): self = .arithmeticNaN64
    case ("refnull", _), ("nullref", _), ("nullfuncref", _), ("nullexternref", _), ("nullexnref", _): self = .anyNull
    case ("funcref", nil): self = .anyFunction
    case ("externref", nil): self = .anyExternal
    case ("exnref", nil): self = .anyException
    default:
      guard let value = SpecValue(constant) else { return nil }
      self = .exactly(value)
    }
  }

  func matches(_ value: SpecValue) -> Bool {
    switch (self, value) {
    case (.exactly(let expected), _): expected == value
    case (.canonicalNaN32, .f32(let bits)): bits & 0x7FFF_FFFF == 0x7FC0_0000
    case (.canonicalNaN64, .f64(let bits)): bits & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000
    case (.arithmeticNaN32, .f32(let bits)): bits & 0x7FC0_0000 == 0x7FC0_0000
    case (.arithmeticNaN64, .f64(let bits)): bits & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000
    case (.anyNull, _): value.isNull
    case (.anyFunction, .funcref(let isNull)), (.anyException, .exnref(let isNull)): !isNull
    case (.anyExternal, .externref(let number)): number != nil
    case (.either(let patterns), _): patterns.contains { $0.matches(value) }
    default: false
    }
  }

  var description: String {
    switch self {
    case .exactly(let value): value.description
    case .canonicalNaN32: "a canonical NaN of 32 bits"
    case .canonicalNaN64: "a canonical NaN of 64 bits"
    case .arithmeticNaN32: "an arithmetic NaN of 32 bits"
    case .arithmeticNaN64: "an arithmetic NaN of 64 bits"
    case .anyNull: "null"
    case .anyFunction: "a funcref"
    case .anyExternal: "an externref"
    case .anyException: "an exnref"
    case .either(let patterns): patterns.map(\.description).joined(separator: " or ")
    }
  }
}
