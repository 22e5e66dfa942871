/// Floating-point arithmetic: scalar forms keep the destination's other bits; packed forms take 16 aligned bytes of memory.
extension Assembler {
  // MARK: - `add`

  /// Adds the low Float of `source`.
  @inlinable
  public final func addss(_ destination: XMM, _ source: XMM) {
    emit(.addssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds the low Float of `source`.
  @inlinable
  public final func addss(_ destination: XMM, _ source: Mem) {
    emit(.addssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds the low Double of `source`.
  @inlinable
  public final func addsd(_ destination: XMM, _ source: XMM) {
    emit(.addsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds the low Double of `source`.
  @inlinable
  public final func addsd(_ destination: XMM, _ source: Mem) {
    emit(.addsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds four Floats of `source`.
  @inlinable
  public final func addps(_ destination: XMM, _ source: XMM) {
    emit(.addpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds four Floats of `source`.
  @inlinable
  public final func addps(_ destination: XMM, _ source: Mem) {
    emit(.addpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds two Doubles of `source`.
  @inlinable
  public final func addpd(_ destination: XMM, _ source: XMM) {
    emit(.addpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds two Doubles of `source`.
  @inlinable
  public final func addpd(_ destination: XMM, _ source: Mem) {
    emit(.addpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `sub`

  /// Subtracts the low Float of `source`.
  @inlinable
  public final func subss(_ destination: XMM, _ source: XMM) {
    emit(.subssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts the low Float of `source`.
  @inlinable
  public final func subss(_ destination: XMM, _ source: Mem) {
    emit(.subssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts the low Double of `source`.
  @inlinable
  public final func subsd(_ destination: XMM, _ source: XMM) {
    emit(.subsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts the low Double of `source`.
  @inlinable
  public final func subsd(_ destination: XMM, _ source: Mem) {
    emit(.subsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts four Floats of `source`.
  @inlinable
  public final func subps(_ destination: XMM, _ source: XMM) {
    emit(.subpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts four Floats of `source`.
  @inlinable
  public final func subps(_ destination: XMM, _ source: Mem) {
    emit(.subpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts two Doubles of `source`.
  @inlinable
  public final func subpd(_ destination: XMM, _ source: XMM) {
    emit(.subpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts two Doubles of `source`.
  @inlinable
  public final func subpd(_ destination: XMM, _ source: Mem) {
    emit(.subpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `mul`

  /// Multiplies by the low Float of `source`.
  @inlinable
  public final func mulss(_ destination: XMM, _ source: XMM) {
    emit(.mulssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies by the low Float of `source`.
  @inlinable
  public final func mulss(_ destination: XMM, _ source: Mem) {
    emit(.mulssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies by the low Double of `source`.
  @inlinable
  public final func mulsd(_ destination: XMM, _ source: XMM) {
    emit(.mulsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies by the low Double of `source`.
  @inlinable
  public final func mulsd(_ destination: XMM, _ source: Mem) {
    emit(.mulsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies by four Floats of `source`.
  @inlinable
  public final func mulps(_ destination: XMM, _ source: XMM) {
    emit(.mulpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies by four Floats of `source`.
  @inlinable
  public final func mulps(_ destination: XMM, _ source: Mem) {
    emit(.mulpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies by two Doubles of `source`.
  @inlinable
  public final func mulpd(_ destination: XMM, _ source: XMM) {
    emit(.mulpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies by two Doubles of `source`.
  @inlinable
  public final func mulpd(_ destination: XMM, _ source: Mem) {
    emit(.mulpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `div`

  /// Divides by the low Float of `source`.
  @inlinable
  public final func divss(_ destination: XMM, _ source: XMM) {
    emit(.divssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Divides by the low Float of `source`.
  @inlinable
  public final func divss(_ destination: XMM, _ source: Mem) {
    emit(.divssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Divides by the low Double of `source`.
  @inlinable
  public final func divsd(_ destination: XMM, _ source: XMM) {
    emit(.divsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Divides by the low Double of `source`.
  @inlinable
  public final func divsd(_ destination: XMM, _ source: Mem) {
    emit(.divsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Divides by four Floats of `source`.
  @inlinable
  public final func divps(_ destination: XMM, _ source: XMM) {
    emit(.divpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Divides by four Floats of `source`.
  @inlinable
  public final func divps(_ destination: XMM, _ source: Mem) {
    emit(.divpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Divides by two Doubles of `source`.
  @inlinable
  public final func divpd(_ destination: XMM, _ source: XMM) {
    emit(.divpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Divides by two Doubles of `source`.
  @inlinable
  public final func divpd(_ destination: XMM, _ source: Mem) {
    emit(.divpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `min`

  /// The smaller of the low Float; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minss(_ destination: XMM, _ source: XMM) {
    emit(.minssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of the low Float; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minss(_ destination: XMM, _ source: Mem) {
    emit(.minssXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of the low Double; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minsd(_ destination: XMM, _ source: XMM) {
    emit(.minsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of the low Double; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minsd(_ destination: XMM, _ source: Mem) {
    emit(.minsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of four Floats; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minps(_ destination: XMM, _ source: XMM) {
    emit(.minpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of four Floats; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minps(_ destination: XMM, _ source: Mem) {
    emit(.minpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of two Doubles; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minpd(_ destination: XMM, _ source: XMM) {
    emit(.minpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of two Doubles; `source` if either is a NaN or both are zero.
  @inlinable
  public final func minpd(_ destination: XMM, _ source: Mem) {
    emit(.minpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `max`

  /// The larger of the low Float; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxss(_ destination: XMM, _ source: XMM) {
    emit(.maxssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of the low Float; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxss(_ destination: XMM, _ source: Mem) {
    emit(.maxssXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of the low Double; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxsd(_ destination: XMM, _ source: XMM) {
    emit(.maxsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of the low Double; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxsd(_ destination: XMM, _ source: Mem) {
    emit(.maxsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of four Floats; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxps(_ destination: XMM, _ source: XMM) {
    emit(.maxpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of four Floats; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxps(_ destination: XMM, _ source: Mem) {
    emit(.maxpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of two Doubles; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxpd(_ destination: XMM, _ source: XMM) {
    emit(.maxpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of two Doubles; `source` if either is a NaN or both are zero.
  @inlinable
  public final func maxpd(_ destination: XMM, _ source: Mem) {
    emit(.maxpdXXm, .dword, reg: destination.number, memory: source)
  }

  // MARK: - `sqrt`

  /// The square root of the low Float of `source`.
  @inlinable
  public final func sqrtss(_ destination: XMM, _ source: XMM) {
    emit(.sqrtssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The square root of the low Float of `source`.
  @inlinable
  public final func sqrtss(_ destination: XMM, _ source: Mem) {
    emit(.sqrtssXXm, .dword, reg: destination.number, memory: source)
  }

  /// The square root of the low Double of `source`.
  @inlinable
  public final func sqrtsd(_ destination: XMM, _ source: XMM) {
    emit(.sqrtsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The square root of the low Double of `source`.
  @inlinable
  public final func sqrtsd(_ destination: XMM, _ source: Mem) {
    emit(.sqrtsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// The square root of four Floats of `source`.
  @inlinable
  public final func sqrtps(_ destination: XMM, _ source: XMM) {
    emit(.sqrtpsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The square root of four Floats of `source`.
  @inlinable
  public final func sqrtps(_ destination: XMM, _ source: Mem) {
    emit(.sqrtpsXXm, .dword, reg: destination.number, memory: source)
  }

  /// The square root of two Doubles of `source`.
  @inlinable
  public final func sqrtpd(_ destination: XMM, _ source: XMM) {
    emit(.sqrtpdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The square root of two Doubles of `source`.
  @inlinable
  public final func sqrtpd(_ destination: XMM, _ source: Mem) {
    emit(.sqrtpdXXm, .dword, reg: destination.number, memory: source)
  }
}
