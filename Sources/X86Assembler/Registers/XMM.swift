/// A vector register, used here for its low 128 bits.
@frozen
public struct XMM: Hashable, Sendable, CustomStringConvertible {
  /// The register's number, 0 to 15.
  public let number: UInt8

  /// The register with a number of 0 to 15; a number above traps.
  @inlinable public init(number: UInt8) {
    precondition(number < 16, "vector registers are numbered 0 to 15")
    self.number = number
  }

  public var description: String { "xmm\(number)" }

  @inlinable public static var xmm0: XMM { XMM(number: 0) }
  @inlinable public static var xmm1: XMM { XMM(number: 1) }
  @inlinable public static var xmm2: XMM { XMM(number: 2) }
  @inlinable public static var xmm3: XMM { XMM(number: 3) }
  @inlinable public static var xmm4: XMM { XMM(number: 4) }
  @inlinable public static var xmm5: XMM { XMM(number: 5) }
  @inlinable public static var xmm6: XMM { XMM(number: 6) }
  @inlinable public static var xmm7: XMM { XMM(number: 7) }
  @inlinable public static var xmm8: XMM { XMM(number: 8) }
  @inlinable public static var xmm9: XMM { XMM(number: 9) }
  @inlinable public static var xmm10: XMM { XMM(number: 10) }
  @inlinable public static var xmm11: XMM { XMM(number: 11) }
  @inlinable public static var xmm12: XMM { XMM(number: 12) }
  @inlinable public static var xmm13: XMM { XMM(number: 13) }
  @inlinable public static var xmm14: XMM { XMM(number: 14) }
  @inlinable public static var xmm15: XMM { XMM(number: 15) }
}
