/// Reads the arguments of a workload one after the other.
struct Arguments {
  private var rest: ArraySlice<String>
  private let usage: String

  init(_ arguments: [String], usage: String) {
    rest = arguments[...]
    self.usage = usage
  }

  /// The next argument as a number, or `missing` if there is none.
  mutating func number<Number: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Number>, missing: Number
  ) throws(WorkloadError) -> Number {
    guard let text = rest.popFirst() else { return missing }
    guard let number = Number(text), range.contains(number) else {
      throw .usage("\(name) is a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
    }
    return number
  }

  /// The next argument as it is.
  mutating func text() -> String? { rest.popFirst() }

  /// Nothing may follow.
  func end() throws(WorkloadError) {
    if let text = rest.first {
      throw .usage("'\(text)' is one argument too many: the workload takes \(usage.isEmpty ? "none" : usage)")
    }
  }
}
