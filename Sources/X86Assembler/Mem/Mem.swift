/// A memory operand: `[base + index * scale + disp]`, `[rip + label]`, `[rip + symbol]` or an absolute address, and
/// optionally a segment.
///
/// The value holds the bytes of the encoding, computed when it is built, so that emitting it is a few stores.
@frozen
public struct Mem: Hashable, Sendable {
  /// What the index is multiplied by.
  @frozen
  public enum Scale: UInt8, CaseIterable, Hashable, Sendable {
    case x1, x2, x4, x8
  }

  /// A segment whose base is added to the address.
  @frozen
  public enum Segment: UInt8, CaseIterable, Hashable, Sendable {
    case fs = 1
    case gs = 2
  }

  /// Bits 0-31 displacement, 32-39 ModRM without its register field, 40-47 SIB, 48 "has SIB", 49 REX.B, 50 REX.X, 51-53
  /// bytes of displacement, 54-55 segment, 56-57 what `target` is: 0 nothing, 1 a label, 2 a symbol.
  @usableFromInline let bits: UInt64
  /// The label's number and above it its owner's, or the symbol's raw value.
  @usableFromInline let target: UInt64

  @inlinable
  init(bits: UInt64, target: UInt64 = 0) {
    self.bits = bits
    self.target = target
  }

  /// `[base + displacement]`
  @inlinable
  public static func base(_ base: Reg64, _ displacement: Int32 = 0) -> Mem {
    let mode = Mode(displacement, base: base.number)
    let low = UInt64(base.number & 7)
    let rexB = UInt64(base.number >> 3) << 49
    // A base of rsp or r12 reads as "a SIB follows", so it is written as a SIB without an index.
    let sib: UInt64 = low == 4 ? (0x24 << 40 | 1 << 48) : 0
    return Mem(bits: mode.bits | (mode.mod << 6 | low) << 32 | sib | rexB)
  }

  /// `[base + index * scale + displacement]`
  @inlinable
  public static func base(
    _ base: Reg64, index: IndexRegister, scale: Scale = .x1, _ displacement: Int32 = 0
  ) -> Mem {
    let mode = Mode(displacement, base: base.number)
    let sib = UInt64(scale.rawValue) << 6 | UInt64(index.number & 7) << 3 | UInt64(base.number & 7)
    let rex = UInt64(base.number >> 3) << 49 | UInt64(index.number >> 3) << 50
    return Mem(bits: mode.bits | (mode.mod << 6 | 4) << 32 | sib << 40 | 1 << 48 | rex)
  }

  /// `[index * scale + displacement]`, without a base. It always takes four bytes of displacement.
  @inlinable
  public static func index(_ index: IndexRegister, scale: Scale, _ displacement: Int32 = 0) -> Mem {
    let sib = UInt64(scale.rawValue) << 6 | UInt64(index.number & 7) << 3 | 5
    let rex = UInt64(index.number >> 3) << 50
    return Mem(bits: UInt64(UInt32(bitPattern: displacement)) | 4 << 32 | sib << 40 | 1 << 48 | rex | 4 << 51)
  }

  /// An address of the lowest or highest 2 GiB, sign-extended from 32 bits.
  @inlinable
  public static func absolute(_ address: Int32) -> Mem {
    Mem(bits: UInt64(UInt32(bitPattern: address)) | 4 << 32 | 0x25 << 40 | 1 << 48 | 4 << 51)
  }

  /// `fs:[displacement]`: on Linux, a thread-local variable at a fixed offset from the thread pointer.
  @inlinable
  public static func fs(_ displacement: Int32) -> Mem { absolute(displacement).inSegment(.fs) }

  /// `gs:[displacement]`
  @inlinable
  public static func gs(_ displacement: Int32) -> Mem { absolute(displacement).inSegment(.gs) }

  /// `[rip + label + addend]`: data or code of the same assembler.
  @inlinable
  public static func rip(_ label: Label, _ addend: Int32 = 0) -> Mem {
    Mem(
      bits: UInt64(UInt32(bitPattern: addend)) | 5 << 32 | 4 << 51 | 1 << 56,
      target: UInt64(label.owner) << 32 | UInt64(label.id))
  }

  /// `[rip + symbol + addend]`: whoever installs the code fills in the displacement.
  @inlinable
  public static func rip(_ symbol: Symbol, _ addend: Int32 = 0) -> Mem {
    Mem(bits: UInt64(UInt32(bitPattern: addend)) | 5 << 32 | 4 << 51 | 2 << 56, target: symbol.rawValue)
  }

  /// The same operand with a segment's base added to its address.
  @inlinable
  public func inSegment(_ segment: Segment) -> Mem {
    Mem(bits: bits & ~(3 << 54) | UInt64(segment.rawValue) << 54, target: target)
  }

  /// The shortest way to write a displacement beside a base: none, 8 bits or 32 bits.
  @frozen
  @usableFromInline
  struct Mode {
    /// The displacement and its size, in their places in `Mem.bits`.
    @usableFromInline let bits: UInt64
    @usableFromInline let mod: UInt64

    @inlinable
    init(_ displacement: Int32, base: UInt8) {
      let raw = UInt64(UInt32(bitPattern: displacement))
      // A base of rbp or r13 with no displacement reads as "no base", so it is written with a displacement of zero.
      if displacement == 0 && base & 7 != 5 {
        (bits, mod) = (0, 0)
      } else if Int32(Int8(truncatingIfNeeded: displacement)) == displacement {
        (bits, mod) = (raw | 1 << 51, 1)
      } else {
        (bits, mod) = (raw | 4 << 51, 2)
      }
    }
  }
}
