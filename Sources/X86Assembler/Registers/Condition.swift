/// A condition of `jcc`, `setcc` and `cmovcc`. The raw value is its code in the opcode (Intel SDM volume 2, appendix B.1).
@frozen
public enum Condition: UInt8, CaseIterable, Hashable, Sendable {
  /// Overflow and no overflow.
  case o = 0
  case no
  /// Below and above or equal (unsigned): carry and no carry.
  case b, ae
  /// Equal and not equal.
  case e, ne
  /// Below or equal and above (unsigned).
  case be, a
  /// Sign and no sign.
  case s, ns
  /// Parity even (an unordered comparison) and odd.
  case p, np
  /// Less and greater or equal (signed).
  case l, ge
  /// Less or equal and greater (signed).
  case le, g

  /// Carry, the same as `b`.
  @inlinable public static var c: Condition { .b }
  /// No carry, the same as `ae`.
  @inlinable public static var nc: Condition { .ae }
  /// Zero, the same as `e`.
  @inlinable public static var z: Condition { .e }
  /// Not zero, the same as `ne`.
  @inlinable public static var nz: Condition { .ne }

  /// The condition that holds exactly when this one does not.
  @inlinable public var inverted: Condition {
    switch self {
    case .o: .no
    case .no: .o
    case .b: .ae
    case .ae: .b
    case .e: .ne
    case .ne: .e
    case .be: .a
    case .a: .be
    case .s: .ns
    case .ns: .s
    case .p: .np
    case .np: .p
    case .l: .ge
    case .ge: .l
    case .le: .g
    case .g: .le
    }
  }
}
