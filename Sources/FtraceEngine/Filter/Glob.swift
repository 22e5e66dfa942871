/// A pattern over names, as in the filter files of the kernel's tracer: `*` for any run, `?` for one character, `[a-z]` and `[!a-z]`
/// for one of a set; a backslash takes the next character as it is.
///
/// Patterns match whole names, by Unicode scalars.
public struct Glob: Hashable, Sendable {
  /// The pattern as it was written.
  public let pattern: String
  private let tokens: [Token]

  private enum Token: Hashable, Sendable {
    case literal(Unicode.Scalar)
    case any
    case run
    case set([ClosedRange<Unicode.Scalar>], inverted: Bool)

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .literal(let expected): scalar == expected
      case .any: true
      case .run: false
      case .set(let ranges, let inverted): ranges.contains { $0.contains(scalar) } != inverted
      }
    }
  }

  /// Reads a pattern. Every text is one: a `[` without its `]` stands for itself.
  public init(_ pattern: String) {
    self.pattern = pattern
    var tokens: [Token] = []
    var rest = Substring(pattern).unicodeScalars
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*":
        if tokens.last != .run { tokens.append(.run) }
      case "?": tokens.append(.any)
      case "\\": tokens.append(.literal(rest.popFirst() ?? "\\"))
      case "[": tokens.append(Self.set(&rest) ?? .literal("["))
      default: tokens.append(.literal(scalar))
      }
    }
    self.tokens = tokens
  }

  private static func set(_ rest: inout Substring.UnicodeScalarView) -> Token? {
    var scan = rest
    let inverted = scan.first == "!" || scan.first == "^"
    if inverted { scan.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while let low = scan.popFirst() {
      if low == "]" && !ranges.isEmpty {
        rest = scan
        return .set(ranges, inverted: inverted)
      }
      var high = low
      if scan.first == "-", let end = scan.dropFirst().first, end != "]" {
        scan.removeFirst(2)
        high = end
      }
      if low <= high { ranges.append(low...high) }
    }
    return nil
  }

  /// Whether the whole of `name` matches. O(name × pattern) at worst, O(name) for patterns with one `*`.
  public func matches(_ name: String) -> Bool {
    let scalars = Array(name.unicodeScalars)
    var (token, position) = (0, 0)
    // The last `*` seen, and where its run ended when it was last tried.
    var (runToken, runEnd) = (-1, 0)
    while position < scalars.count {
      if token < tokens.count, tokens[token] == .run {
        (runToken, runEnd) = (token, position)
        token += 1
      } else if token < tokens.count, tokens[token].matches(scalars[position]) {
        token += 1
        position += 1
      } else if runToken >= 0 {
        runEnd += 1
        (token, position) = (runToken + 1, runEnd)
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { $0 == .run }
  }
}

extension Glob: ExpressibleByStringLiteral, CustomStringConvertible {
  public init(stringLiteral value: String) { self.init(value) }
  public var description: String { pattern }
}
