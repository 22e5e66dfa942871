/// What `cmpss`, `cmpsd`, `cmpps` and `cmppd` compare for (Intel SDM volume 2, CMPPD, table 3-1).
@frozen
public enum FloatPredicate: UInt8, CaseIterable, Hashable, Sendable {
  case equal, less, lessOrEqual, unordered
  /// True for unordered operands, as are the two after it.
  case notEqual
  case notLess, notLessOrEqual, ordered
}

/// How `roundss`, `roundsd`, `roundps` and `roundpd` round. None of them signals that the result is inexact.
@frozen
public enum RoundingMode: UInt8, CaseIterable, Hashable, Sendable {
  case toNearestOrEven = 8
  case down, up, towardZero
  /// As MXCSR says.
  case current
}
