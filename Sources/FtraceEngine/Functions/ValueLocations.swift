import FtraceX86Assembler

/// Where the arguments of a function are at its entry, and its result at its exits: what a body that records values stores.
public struct ValueLocations: Hashable, Sendable {
  public var arguments: [ArgumentLocation]
  /// nil: there is none, or not at every exit of the function, as before a tail jump.
  public var result: ArgumentLocation?

  public init(arguments: [ArgumentLocation], result: ArgumentLocation? = nil) {
    self.arguments = arguments
    self.result = result
  }

  /// Those of a signature.
  /// - Parameters:
  ///   - signature: by the C convention.
  ///   - endsByReturns: whether each exit site stands before a `ret`.
  public init(_ signature: Signature, endsByReturns: Bool = true) {
    let results = signature.result.flatMap { CallingConvention.sysV.resultLocations(of: [$0]) }
    self.init(
      arguments: CallingConvention.sysV.locations(of: signature.arguments),
      result: endsByReturns ? results?.first : nil)
  }
}

/// Kinds of functions whose sites need code of their own from bodies that ask for it, by number. 0 is that of which nothing is known.
struct SiteVariants {
  private(set) var list: [ValueLocations?] = [nil]
  private var numberOf: [ValueLocations: UInt32] = [:]

  subscript(number: UInt32) -> ValueLocations? { list[Int(number)] }

  mutating func number(of locations: ValueLocations) -> UInt32 {
    if let number = numberOf[locations] { return number }
    let number = UInt32(list.count)
    list.append(locations)
    numberOf[locations] = number
    return number
  }
}

extension FunctionImage {
  /// Whether the instruction behind each exit site is a `ret`, so that the result is in its register at the site.
  var endsByReturns: Bool {
    sites.allSatisfy { site in
      guard site.kind == .exit else { return true }
      let next = site.offset + 5
      return next < bytes.count && (bytes[next] == 0xC3 || bytes[next] == 0xC2)
    }
  }
}
