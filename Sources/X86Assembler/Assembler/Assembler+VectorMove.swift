/// Moves between vector registers, memory and general registers.
extension Assembler {
  // MARK: - `movss`

  /// Copies the low element between registers. The other bits are kept.
  @inlinable
  public final func movss(_ destination: XMM, _ source: XMM) {
    emit(.movssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads four bytes, one Float. The other bits become zero.
  @inlinable
  public final func movss(_ destination: XMM, _ source: Mem) {
    emit(.movssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores four bytes, one Float.
  @inlinable
  public final func movss(_ destination: Mem, _ source: XMM) {
    emit(.movssXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movsd`

  /// Copies the low element between registers. The other bits are kept.
  @inlinable
  public final func movsd(_ destination: XMM, _ source: XMM) {
    emit(.movsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads eight bytes, one Double. The other bits become zero.
  @inlinable
  public final func movsd(_ destination: XMM, _ source: Mem) {
    emit(.movsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores eight bytes, one Double.
  @inlinable
  public final func movsd(_ destination: Mem, _ source: XMM) {
    emit(.movsdXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movups`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movups(_ destination: XMM, _ source: XMM) {
    emit(.movupsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 bytes at any address.
  @inlinable
  public final func movups(_ destination: XMM, _ source: Mem) {
    emit(.movupsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 bytes at any address.
  @inlinable
  public final func movups(_ destination: Mem, _ source: XMM) {
    emit(.movupsXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movupd`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movupd(_ destination: XMM, _ source: XMM) {
    emit(.movupdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 bytes at any address.
  @inlinable
  public final func movupd(_ destination: XMM, _ source: Mem) {
    emit(.movupdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 bytes at any address.
  @inlinable
  public final func movupd(_ destination: Mem, _ source: XMM) {
    emit(.movupdXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movaps`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movaps(_ destination: XMM, _ source: XMM) {
    emit(.movapsXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 aligned bytes.
  @inlinable
  public final func movaps(_ destination: XMM, _ source: Mem) {
    emit(.movapsXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 aligned bytes.
  @inlinable
  public final func movaps(_ destination: Mem, _ source: XMM) {
    emit(.movapsXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movapd`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movapd(_ destination: XMM, _ source: XMM) {
    emit(.movapdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 aligned bytes.
  @inlinable
  public final func movapd(_ destination: XMM, _ source: Mem) {
    emit(.movapdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 aligned bytes.
  @inlinable
  public final func movapd(_ destination: Mem, _ source: XMM) {
    emit(.movapdXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movdqu`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movdqu(_ destination: XMM, _ source: XMM) {
    emit(.movdquXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 bytes at any address.
  @inlinable
  public final func movdqu(_ destination: XMM, _ source: Mem) {
    emit(.movdquXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 bytes at any address.
  @inlinable
  public final func movdqu(_ destination: Mem, _ source: XMM) {
    emit(.movdquXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movdqa`

  /// Copies 16 bytes between registers.
  @inlinable
  public final func movdqa(_ destination: XMM, _ source: XMM) {
    emit(.movdqaXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads 16 aligned bytes.
  @inlinable
  public final func movdqa(_ destination: XMM, _ source: Mem) {
    emit(.movdqaXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 aligned bytes.
  @inlinable
  public final func movdqa(_ destination: Mem, _ source: XMM) {
    emit(.movdqaXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - `movd`, `movq`

  /// Copies four bytes from a general register; the other bits become zero.
  @inlinable
  public final func movd(_ destination: XMM, _ source: Reg32) {
    emit(.movdXRm, .dword, reg: destination.number, rm: source.number)
  }

  /// Copies the low four bytes to a general register.
  @inlinable
  public final func movd(_ destination: Reg32, _ source: XMM) {
    emit(.movdRmX, .dword, reg: source.number, rm: destination.number)
  }

  /// Loads four bytes; the other bits become zero.
  @inlinable
  public final func movd(_ destination: XMM, _ source: Mem) {
    emit(.movdXRm, .dword, reg: destination.number, memory: source)
  }

  /// Stores the low four bytes.
  @inlinable
  public final func movd(_ destination: Mem, _ source: XMM) {
    emit(.movdRmX, .dword, reg: source.number, memory: destination)
  }

  /// Copies eight bytes from a general register; the other bits become zero.
  @inlinable
  public final func movq(_ destination: XMM, _ source: Reg64) {
    emit(.movqXRm, .qword, reg: destination.number, rm: source.number)
  }

  /// Copies the low eight bytes to a general register.
  @inlinable
  public final func movq(_ destination: Reg64, _ source: XMM) {
    emit(.movqRmX, .qword, reg: source.number, rm: destination.number)
  }

  /// Copies the low eight bytes; the other bits become zero.
  @inlinable
  public final func movq(_ destination: XMM, _ source: XMM) {
    emit(.movqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads eight bytes; the other bits become zero.
  @inlinable
  public final func movq(_ destination: XMM, _ source: Mem) {
    emit(.movqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores the low eight bytes.
  @inlinable
  public final func movq(_ destination: Mem, _ source: XMM) {
    emit(.movqXmX, .dword, reg: source.number, memory: destination)
  }

  // MARK: - Halves, masks, non-temporal stores

  /// Loads the low eight bytes; the others are kept.
  @inlinable
  public final func movlps(_ destination: XMM, _ source: Mem) {
    emit(.movlpsXM, .dword, reg: destination.number, memory: source)
  }

  /// Stores the low eight bytes.
  @inlinable
  public final func movlps(_ destination: Mem, _ source: XMM) {
    emit(.movlpsMX, .dword, reg: source.number, memory: destination)
  }

  /// Loads the high eight bytes; the others are kept.
  @inlinable
  public final func movhps(_ destination: XMM, _ source: Mem) {
    emit(.movhpsXM, .dword, reg: destination.number, memory: source)
  }

  /// Stores the high eight bytes.
  @inlinable
  public final func movhps(_ destination: Mem, _ source: XMM) {
    emit(.movhpsMX, .dword, reg: source.number, memory: destination)
  }

  /// Loads the low eight bytes; the others are kept.
  @inlinable
  public final func movlpd(_ destination: XMM, _ source: Mem) {
    emit(.movlpdXM, .dword, reg: destination.number, memory: source)
  }

  /// Stores the low eight bytes.
  @inlinable
  public final func movlpd(_ destination: Mem, _ source: XMM) {
    emit(.movlpdMX, .dword, reg: source.number, memory: destination)
  }

  /// Loads the high eight bytes; the others are kept.
  @inlinable
  public final func movhpd(_ destination: XMM, _ source: Mem) {
    emit(.movhpdXM, .dword, reg: destination.number, memory: source)
  }

  /// Stores the high eight bytes.
  @inlinable
  public final func movhpd(_ destination: Mem, _ source: XMM) {
    emit(.movhpdMX, .dword, reg: source.number, memory: destination)
  }

  /// Copies the high eight bytes of `source` to the low ones of `destination`.
  @inlinable
  public final func movhlps(_ destination: XMM, _ source: XMM) {
    emit(.movhlpsXX, .dword, reg: destination.number, rm: source.number)
  }

  /// Copies the low eight bytes of `source` to the high ones of `destination`.
  @inlinable
  public final func movlhps(_ destination: XMM, _ source: XMM) {
    emit(.movlhpsXX, .dword, reg: destination.number, rm: source.number)
  }

  /// Copies the low Double of `source` to both halves.
  @inlinable
  public final func movddup(_ destination: XMM, _ source: XMM) {
    emit(.movddupXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Loads a Double into both halves. Needs SSE3.
  @inlinable
  public final func movddup(_ destination: XMM, _ source: Mem) {
    emit(.movddupXXm, .dword, reg: destination.number, memory: source)
  }

  /// Stores 16 aligned bytes past the caches.
  @inlinable
  public final func movntdq(_ destination: Mem, _ source: XMM) {
    emit(.movntdqMX, .dword, reg: source.number, memory: destination)
  }

  /// Stores a register past the caches.
  @inlinable
  public final func movnti<R: LongRegister>(_ destination: Mem, _ source: R) {
    emit(.movntiMR, R.width, reg: source.operandBits, memory: destination)
  }

  /// The sign bits of four Floats.
  @inlinable
  public final func movmskps(_ destination: Reg32, _ source: XMM) {
    emit(.movmskpsRX, .dword, reg: destination.number, rm: source.number)
  }

  /// The sign bits of two Doubles.
  @inlinable
  public final func movmskpd(_ destination: Reg32, _ source: XMM) {
    emit(.movmskpdRX, .dword, reg: destination.number, rm: source.number)
  }

  /// The sign bits of 16 bytes.
  @inlinable
  public final func pmovmskb(_ destination: Reg32, _ source: XMM) {
    emit(.pmovmskbRX, .dword, reg: destination.number, rm: source.number)
  }
}
