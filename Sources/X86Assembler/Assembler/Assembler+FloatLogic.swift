/// Floating-point bitwise operations, comparison, rounding and shuffling.
extension Assembler {
  /// Ands 16 bytes.
  @inlinable
  public final func andps(_ destination: XMM, _ source: XMM) {
    emit(.andpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ands 16 bytes.
  @inlinable
  public final func andps(_ destination: XMM, _ source: Mem) {
    emit(.andpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Ands 16 bytes.
  @inlinable
  public final func andpd(_ destination: XMM, _ source: XMM) {
    emit(.andpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ands 16 bytes.
  @inlinable
  public final func andpd(_ destination: XMM, _ source: Mem) {
    emit(.andpdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func andnps(_ destination: XMM, _ source: XMM) {
    emit(.andnpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func andnps(_ destination: XMM, _ source: Mem) {
    emit(.andnpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func andnpd(_ destination: XMM, _ source: XMM) {
    emit(.andnpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func andnpd(_ destination: XMM, _ source: Mem) {
    emit(.andnpdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func orps(_ destination: XMM, _ source: XMM) {
    emit(.orpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func orps(_ destination: XMM, _ source: Mem) {
    emit(.orpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func orpd(_ destination: XMM, _ source: XMM) {
    emit(.orpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func orpd(_ destination: XMM, _ source: Mem) {
    emit(.orpdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func xorps(_ destination: XMM, _ source: XMM) {
    emit(.xorpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func xorps(_ destination: XMM, _ source: Mem) {
    emit(.xorpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func xorpd(_ destination: XMM, _ source: XMM) {
    emit(.xorpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func xorpd(_ destination: XMM, _ source: Mem) {
    emit(.xorpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - Comparison

  /// Sets ZF, PF and CF from a comparison of the low Float: all three if unordered.
  @inlinable
  public final func ucomiss(_ destination: XMM, _ source: XMM) {
    emit(.ucomissXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Sets ZF, PF and CF from a comparison of the low Float: all three if unordered.
  @inlinable
  public final func ucomiss(_ destination: XMM, _ source: Mem) {
    emit(.ucomissXXm, .dword, reg: destination.number, memory: source)
  }

  /// Sets ZF, PF and CF from a comparison of the low Double: all three if unordered.
  @inlinable
  public final func ucomisd(_ destination: XMM, _ source: XMM) {
    emit(.ucomisdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Sets ZF, PF and CF from a comparison of the low Double: all three if unordered.
  @inlinable
  public final func ucomisd(_ destination: XMM, _ source: Mem) {
    emit(.ucomisdXXm, .dword, reg: destination.number, memory: source)
  }

  /// As `ucomiss`, for the low Float, and a quiet NaN signals an invalid operation too.
  @inlinable
  public final func comiss(_ destination: XMM, _ source: XMM) {
    emit(.comissXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// As `ucomiss`, for the low Float, and a quiet NaN signals an invalid operation too.
  @inlinable
  public final func comiss(_ destination: XMM, _ source: Mem) {
    emit(.comissXXm, .dword, reg: destination.number, memory: source)
  }

  /// As `ucomisd`, for the low Double, and a quiet NaN signals an invalid operation too.
  @inlinable
  public final func comisd(_ destination: XMM, _ source: XMM) {
    emit(.comisdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// As `ucomisd`, for the low Double, and a quiet NaN signals an invalid operation too.
  @inlinable
  public final func comisd(_ destination: XMM, _ source: Mem) {
    emit(.comisdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares the low Float and sets all bits of each to the result.
  @inlinable
  public final func cmpss(_ destination: XMM, _ source: XMM, _ predicate: FloatPredicate) {
    emit(.cmpssXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(predicate.rawValue))
  }

  /// Compares the low Float and sets all bits of each to the result.
  @inlinable
  public final func cmpss(_ destination: XMM, _ source: Mem, _ predicate: FloatPredicate) {
    emit(.cmpssXXm, .dword, reg: destination.number, memory: source, immediate: Int64(predicate.rawValue))
  }

  /// Compares the low Double and sets all bits of each to the result.
  @inlinable
  public final func cmpsd(_ destination: XMM, _ source: XMM, _ predicate: FloatPredicate) {
    emit(.cmpsdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(predicate.rawValue))
  }

  /// Compares the low Double and sets all bits of each to the result.
  @inlinable
  public final func cmpsd(_ destination: XMM, _ source: Mem, _ predicate: FloatPredicate) {
    emit(.cmpsdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(predicate.rawValue))
  }

  /// Compares four Floats and sets all bits of each to the result.
  @inlinable
  public final func cmpps(_ destination: XMM, _ source: XMM, _ predicate: FloatPredicate) {
    emit(.cmppsXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(predicate.rawValue))
  }

  /// Compares four Floats and sets all bits of each to the result.
  @inlinable
  public final func cmpps(_ destination: XMM, _ source: Mem, _ predicate: FloatPredicate) {
    emit(.cmppsXXm, .dword, reg: destination.number, memory: source, immediate: Int64(predicate.rawValue))
  }

  /// Compares two Doubles and sets all bits of each to the result.
  @inlinable
  public final func cmppd(_ destination: XMM, _ source: XMM, _ predicate: FloatPredicate) {
    emit(.cmppdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(predicate.rawValue))
  }

  /// Compares two Doubles and sets all bits of each to the result.
  @inlinable
  public final func cmppd(_ destination: XMM, _ source: Mem, _ predicate: FloatPredicate) {
    emit(.cmppdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(predicate.rawValue))
  }

  // MARK: - Rounding (SSE4.1)

  /// Rounds the low Float to a whole number.
  @inlinable
  public final func roundss(_ destination: XMM, _ source: XMM, _ mode: RoundingMode) {
    emit(.roundssXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(mode.rawValue))
  }

  /// Rounds the low Float to a whole number.
  @inlinable
  public final func roundss(_ destination: XMM, _ source: Mem, _ mode: RoundingMode) {
    emit(.roundssXXm, .dword, reg: destination.number, memory: source, immediate: Int64(mode.rawValue))
  }

  /// Rounds the low Double to a whole number.
  @inlinable
  public final func roundsd(_ destination: XMM, _ source: XMM, _ mode: RoundingMode) {
    emit(.roundsdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(mode.rawValue))
  }

  /// Rounds the low Double to a whole number.
  @inlinable
  public final func roundsd(_ destination: XMM, _ source: Mem, _ mode: RoundingMode) {
    emit(.roundsdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(mode.rawValue))
  }

  /// Rounds four Floats to a whole number.
  @inlinable
  public final func roundps(_ destination: XMM, _ source: XMM, _ mode: RoundingMode) {
    emit(.roundpsXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(mode.rawValue))
  }

  /// Rounds four Floats to a whole number.
  @inlinable
  public final func roundps(_ destination: XMM, _ source: Mem, _ mode: RoundingMode) {
    emit(.roundpsXXm, .dword, reg: destination.number, memory: source, immediate: Int64(mode.rawValue))
  }

  /// Rounds two Doubles to a whole number.
  @inlinable
  public final func roundpd(_ destination: XMM, _ source: XMM, _ mode: RoundingMode) {
    emit(.roundpdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(mode.rawValue))
  }

  /// Rounds two Doubles to a whole number.
  @inlinable
  public final func roundpd(_ destination: XMM, _ source: Mem, _ mode: RoundingMode) {
    emit(.roundpdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(mode.rawValue))
  }

  // MARK: - Shuffles

  /// Interleaves the low Floats.
  @inlinable
  public final func unpcklps(_ destination: XMM, _ source: XMM) {
    emit(.unpcklpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low Floats.
  @inlinable
  public final func unpcklps(_ destination: XMM, _ source: Mem) {
    emit(.unpcklpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the high Floats.
  @inlinable
  public final func unpckhps(_ destination: XMM, _ source: XMM) {
    emit(.unpckhpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the high Floats.
  @inlinable
  public final func unpckhps(_ destination: XMM, _ source: Mem) {
    emit(.unpckhpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the low Doubles.
  @inlinable
  public final func unpcklpd(_ destination: XMM, _ source: XMM) {
    emit(.unpcklpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low Doubles.
  @inlinable
  public final func unpcklpd(_ destination: XMM, _ source: Mem) {
    emit(.unpcklpdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the high Doubles.
  @inlinable
  public final func unpckhpd(_ destination: XMM, _ source: XMM) {
    emit(.unpckhpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the high Doubles.
  @inlinable
  public final func unpckhpd(_ destination: XMM, _ source: Mem) {
    emit(.unpckhpdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Selects two Floats of each operand, by two bits each.
  @inlinable
  public final func shufps(_ destination: XMM, _ source: XMM, _ selector: UInt8) {
    emit(.shufpsXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(selector))
  }

  /// Selects two Floats of each operand, by two bits each.
  @inlinable
  public final func shufps(_ destination: XMM, _ source: Mem, _ selector: UInt8) {
    emit(.shufpsXXm, .dword, reg: destination.number, memory: source, immediate: Int64(selector))
  }

  /// Selects one Double of each operand, by a bit each.
  @inlinable
  public final func shufpd(_ destination: XMM, _ source: XMM, _ selector: UInt8) {
    emit(.shufpdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(selector))
  }

  /// Selects one Double of each operand, by a bit each.
  @inlinable
  public final func shufpd(_ destination: XMM, _ source: Mem, _ selector: UInt8) {
    emit(.shufpdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(selector))
  }

  /// Inserts a Float: bits 6-7 select the source, 4-5 the place, 0-3 what becomes zero. SSE4.1.
  @inlinable
  public final func insertps(_ destination: XMM, _ source: XMM, _ selector: UInt8) {
    emit(.insertpsXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(selector))
  }

  /// Inserts a Float: bits 6-7 select the source, 4-5 the place, 0-3 what becomes zero. SSE4.1.
  @inlinable
  public final func insertps(_ destination: XMM, _ source: Mem, _ selector: UInt8) {
    emit(.insertpsXXm, .dword, reg: destination.number, memory: source, immediate: Int64(selector))
  }

  /// Copies one of four Floats to a general register. SSE4.1.
  @inlinable
  public final func extractps(_ destination: Reg32, _ source: XMM, _ index: UInt8) {
    emit(.extractpsRmX, .dword, reg: source.number, rm: destination.number, immediate: Int64(index))
  }

  /// Stores one of four Floats. SSE4.1.
  @inlinable
  public final func extractps(_ destination: Mem, _ source: XMM, _ index: UInt8) {
    emit(.extractpsRmX, .dword, reg: source.number, memory: destination, immediate: Int64(index))
  }
}
