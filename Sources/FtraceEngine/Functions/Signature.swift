import FtraceX86Assembler

/// The C signature of a function: the classes of its arguments and of its result.
public struct Signature: Hashable, Sendable {
  public var arguments: [ValueClass]
  /// nil: the function returns nothing.
  public var result: ValueClass?

  public init(_ arguments: [ValueClass] = [], returning result: ValueClass? = nil) {
    self.arguments = arguments
    self.result = result
  }

  /// The same without what only readers care for: functions with the same one are called alike.
  public var passing: Signature { Signature(arguments.map(\.passing), returning: result?.passing) }
}

extension Signature: CustomStringConvertible {
  public var description: String {
    "(\(arguments.map { "\($0)" }.joined(separator: ", "))) -> \(result.map { "\($0)" } ?? "Void")"
  }
}
