/// Conversions of numbers. Scalar conversions to floating point keep the destination's other bits.
extension Assembler {
  /// Float to Double.
  @inlinable
  public final func cvtss2sd(_ destination: XMM, _ source: XMM) {
    emit(.cvtss2sdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Float to Double.
  @inlinable
  public final func cvtss2sd(_ destination: XMM, _ source: Mem) {
    emit(.cvtss2sdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Double to Float, rounded as MXCSR says.
  @inlinable
  public final func cvtsd2ss(_ destination: XMM, _ source: XMM) {
    emit(.cvtsd2ssXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Double to Float, rounded as MXCSR says.
  @inlinable
  public final func cvtsd2ss(_ destination: XMM, _ source: Mem) {
    emit(.cvtsd2ssXXm, .dword, reg: destination.number, memory: source)
  }

  /// Two Floats to Doubles.
  @inlinable
  public final func cvtps2pd(_ destination: XMM, _ source: XMM) {
    emit(.cvtps2pdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Two Floats to Doubles.
  @inlinable
  public final func cvtps2pd(_ destination: XMM, _ source: Mem) {
    emit(.cvtps2pdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Two Doubles to Floats.
  @inlinable
  public final func cvtpd2ps(_ destination: XMM, _ source: XMM) {
    emit(.cvtpd2psXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Two Doubles to Floats.
  @inlinable
  public final func cvtpd2ps(_ destination: XMM, _ source: Mem) {
    emit(.cvtpd2psXXm, .dword, reg: destination.number, memory: source)
  }

  /// Four Int32 to Floats.
  @inlinable
  public final func cvtdq2ps(_ destination: XMM, _ source: XMM) {
    emit(.cvtdq2psXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Four Int32 to Floats.
  @inlinable
  public final func cvtdq2ps(_ destination: XMM, _ source: Mem) {
    emit(.cvtdq2psXXm, .dword, reg: destination.number, memory: source)
  }

  /// Four Floats to Int32, rounded as MXCSR says.
  @inlinable
  public final func cvtps2dq(_ destination: XMM, _ source: XMM) {
    emit(.cvtps2dqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Four Floats to Int32, rounded as MXCSR says.
  @inlinable
  public final func cvtps2dq(_ destination: XMM, _ source: Mem) {
    emit(.cvtps2dqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Four Floats to Int32, truncated.
  @inlinable
  public final func cvttps2dq(_ destination: XMM, _ source: XMM) {
    emit(.cvttps2dqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Four Floats to Int32, truncated.
  @inlinable
  public final func cvttps2dq(_ destination: XMM, _ source: Mem) {
    emit(.cvttps2dqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Two Int32 to Doubles.
  @inlinable
  public final func cvtdq2pd(_ destination: XMM, _ source: XMM) {
    emit(.cvtdq2pdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Two Int32 to Doubles.
  @inlinable
  public final func cvtdq2pd(_ destination: XMM, _ source: Mem) {
    emit(.cvtdq2pdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Two Doubles to Int32, rounded as MXCSR says.
  @inlinable
  public final func cvtpd2dq(_ destination: XMM, _ source: XMM) {
    emit(.cvtpd2dqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Two Doubles to Int32, rounded as MXCSR says.
  @inlinable
  public final func cvtpd2dq(_ destination: XMM, _ source: Mem) {
    emit(.cvtpd2dqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Two Doubles to Int32, truncated.
  @inlinable
  public final func cvttpd2dq(_ destination: XMM, _ source: XMM) {
    emit(.cvttpd2dqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Two Doubles to Int32, truncated.
  @inlinable
  public final func cvttpd2dq(_ destination: XMM, _ source: Mem) {
    emit(.cvttpd2dqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Signed integer to Float.
  @inlinable
  public final func cvtsi2ss<R: LongRegister>(_ destination: XMM, _ source: R) {
    emit(.cvtsi2ssXRm, R.width, reg: destination.number, rm: source.operandBits)
  }

  /// Signed integer to Float.
  @inlinable
  public final func cvtsi2ss<W: LongMemoryWidth>(_ destination: XMM, _ width: W, _ source: Mem) {
    emit(.cvtsi2ssXRm, W.Register.width, reg: destination.number, memory: source)
  }

  /// Float to a signed integer, truncated; the smallest integer if it does not fit.
  @inlinable
  public final func cvttss2si<R: LongRegister>(_ destination: R, _ source: XMM) {
    emit(.cvttss2siRXm, R.width, reg: destination.operandBits, rm: source.number)
  }

  /// Float to a signed integer, truncated; the smallest integer if it does not fit.
  @inlinable
  public final func cvttss2si<R: LongRegister>(_ destination: R, _ source: Mem) {
    emit(.cvttss2siRXm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Float to a signed integer, rounded as MXCSR says; the smallest integer if it does not fit.
  @inlinable
  public final func cvtss2si<R: LongRegister>(_ destination: R, _ source: XMM) {
    emit(.cvtss2siRXm, R.width, reg: destination.operandBits, rm: source.number)
  }

  /// Float to a signed integer, rounded as MXCSR says; the smallest integer if it does not fit.
  @inlinable
  public final func cvtss2si<R: LongRegister>(_ destination: R, _ source: Mem) {
    emit(.cvtss2siRXm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Signed integer to Double.
  @inlinable
  public final func cvtsi2sd<R: LongRegister>(_ destination: XMM, _ source: R) {
    emit(.cvtsi2sdXRm, R.width, reg: destination.number, rm: source.operandBits)
  }

  /// Signed integer to Double.
  @inlinable
  public final func cvtsi2sd<W: LongMemoryWidth>(_ destination: XMM, _ width: W, _ source: Mem) {
    emit(.cvtsi2sdXRm, W.Register.width, reg: destination.number, memory: source)
  }

  /// Double to a signed integer, truncated; the smallest integer if it does not fit.
  @inlinable
  public final func cvttsd2si<R: LongRegister>(_ destination: R, _ source: XMM) {
    emit(.cvttsd2siRXm, R.width, reg: destination.operandBits, rm: source.number)
  }

  /// Double to a signed integer, truncated; the smallest integer if it does not fit.
  @inlinable
  public final func cvttsd2si<R: LongRegister>(_ destination: R, _ source: Mem) {
    emit(.cvttsd2siRXm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Double to a signed integer, rounded as MXCSR says; the smallest integer if it does not fit.
  @inlinable
  public final func cvtsd2si<R: LongRegister>(_ destination: R, _ source: XMM) {
    emit(.cvtsd2siRXm, R.width, reg: destination.operandBits, rm: source.number)
  }

  /// Double to a signed integer, rounded as MXCSR says; the smallest integer if it does not fit.
  @inlinable
  public final func cvtsd2si<R: LongRegister>(_ destination: R, _ source: Mem) {
    emit(.cvtsd2siRXm, R.width, reg: destination.operandBits, memory: source)
  }
}
