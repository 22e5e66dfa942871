/// A clause of `try_table`; raw values are the binary format's.
package enum CatchKind: UInt8, Hashable, Sendable {
  /// Catches one tag; its values go to the label.
  case one = 0
  /// The same, and then the exception as an `exnref`.
  case oneWithReference = 1
  /// Catches everything; nothing goes to the label.
  case all = 2
  /// The same, and the exception as an `exnref`.
  case allWithReference = 3

  /// Whether a tag's index stands before the label.
  package var hasTag: Bool { self == .one || self == .oneWithReference }

  /// Whether the exception itself goes to the label.
  package var hasReference: Bool { self == .oneWithReference || self == .allWithReference }
}

/// What one clause of `try_table` catches, and where to. The label counts from outside the `try_table`.
package struct CatchClause: Hashable, Sendable {
  package let kind: CatchKind
  /// Nil if `kind` has none.
  package let tag: Int?
  package let label: Int

  package init(kind: CatchKind, tag: Int?, label: Int) {
    self.kind = kind
    self.tag = tag
    self.label = label
  }
}
