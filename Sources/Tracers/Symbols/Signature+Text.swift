import FtraceEngine
import FtraceX86Assembler

extension ValueClass {
  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ("\($0)", $0) })

  /// Reads what `description` wrote.
  fileprivate init?(typeName: Substring) {
    guard let found = Self.byName[String(typeName)] else { return nil }
    self = found
  }

  /// A value of the type, from a word whose lowest bytes it is.
  func text(of word: UInt64) -> String {
    switch self {
    case .integer(.byte, signed: true): "\(Int8(truncatingIfNeeded: word))"
    case .integer(.word, signed: true): "\(Int16(truncatingIfNeeded: word))"
    case .integer(.dword, signed: true): "\(Int32(truncatingIfNeeded: word))"
    case .integer(.qword, signed: true): "\(Int64(bitPattern: word))"
    case .integer(.byte, signed: false): "\(UInt8(truncatingIfNeeded: word))"
    case .integer(.word, signed: false): "\(UInt16(truncatingIfNeeded: word))"
    case .integer(.dword, signed: false): "\(UInt32(truncatingIfNeeded: word))"
    case .integer(.qword, signed: false): "\(word)"
    case .float: "\(Float(bitPattern: UInt32(truncatingIfNeeded: word)))"
    case .double: "\(Double(bitPattern: word))"
    case .pointer: "0x" + String(word, radix: 16)
    case .boolean: word & 0xFF != 0 ? "true" : "false"
    }
  }
}

extension Signature {
  /// As files of traces have it: `Int64,Pointer->Double`, without a result `Int64->`.
  package var text: String {
    arguments.map(\.description).joined(separator: ",") + "->" + (result?.description ?? "")
  }

  /// Reads what `text` wrote; nil of anything else.
  package init?(text: String) {
    let parts = text.split(separator: "->", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    var arguments: [ValueClass] = []
    for name in parts[0].split(separator: ",") {
      guard let type = ValueClass(typeName: name) else { return nil }
      arguments.append(type)
    }
    let result = ValueClass(typeName: parts[1])
    guard parts[1].isEmpty || result != nil else { return nil }
    self.init(arguments, returning: result)
  }

  /// The arguments of a call; fewer words than arguments are followed by an ellipsis. Words that are not those of this signature are shown as
  /// they are.
  func arguments(_ words: ArraySlice<UInt64>) -> String {
    let limit = words.count
    guard limit == arguments.count || (limit > 0 && limit < arguments.count) else {
      return words.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
    }
    let texts = zip(arguments, words).map { $0.text(of: $1) } + (limit < arguments.count ? ["..."] : [])
    return texts.joined(separator: ", ")
  }
}

extension CodeSymbol {
  /// The arguments of a call, empty if none were recorded.
  func arguments(_ words: ArraySlice<UInt64>) -> String {
    if words.isEmpty { return "" }
    return (signature ?? Signature()).arguments(words)
  }

  /// ` = ` and the result of a call, empty if none was recorded.
  func result(_ words: ArraySlice<UInt64>) -> String {
    guard let word = words.first else { return "" }
    return " = " + (signature?.result?.text(of: word) ?? "0x" + String(word, radix: 16))
  }
}
