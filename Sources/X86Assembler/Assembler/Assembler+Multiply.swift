/// Operations with one operand, multiplication and division.
extension Assembler {
  /// Adds one; the carry is kept.
  @inlinable
  public final func inc<R: GeneralRegister>(_ operand: R) { emit(.incRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Adds one; the carry is kept.
  @inlinable
  public final func inc<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.incRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Subtracts one; the carry is kept.
  @inlinable
  public final func dec<R: GeneralRegister>(_ operand: R) { emit(.decRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Subtracts one; the carry is kept.
  @inlinable
  public final func dec<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.decRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Inverts every bit; no flag changes.
  @inlinable
  public final func not<R: GeneralRegister>(_ operand: R) { emit(.notRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Inverts every bit; no flag changes.
  @inlinable
  public final func not<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.notRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Negates.
  @inlinable
  public final func neg<R: GeneralRegister>(_ operand: R) { emit(.negRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Negates.
  @inlinable
  public final func neg<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.negRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Multiplies the accumulator by the operand, unsigned: the product is in `rdx:rax` (`edx:eax`, `dx:ax`, `ax`).
  @inlinable
  public final func mul<R: GeneralRegister>(_ operand: R) { emit(.mulRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Multiplies the accumulator by the operand, unsigned: the product is in `rdx:rax` (`edx:eax`, `dx:ax`, `ax`).
  @inlinable
  public final func mul<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.mulRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Multiplies the accumulator by the operand, signed: the product is in `rdx:rax` (`edx:eax`, `dx:ax`, `ax`).
  @inlinable
  public final func imul<R: GeneralRegister>(_ operand: R) { emit(.imulRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Multiplies the accumulator by the operand, signed: the product is in `rdx:rax` (`edx:eax`, `dx:ax`, `ax`).
  @inlinable
  public final func imul<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.imulRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Divides `rdx:rax` (`edx:eax`, `dx:ax`, `ax`) by the operand, unsigned: quotient in the low half, remainder in the high one.
  /// Faults if the quotient does not fit.
  @inlinable
  public final func div<R: GeneralRegister>(_ operand: R) { emit(.divRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Divides `rdx:rax` (`edx:eax`, `dx:ax`, `ax`) by the operand, unsigned: quotient in the low half, remainder in the high one.
  /// Faults if the quotient does not fit.
  @inlinable
  public final func div<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.divRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Divides `rdx:rax` (`edx:eax`, `dx:ax`, `ax`) by the operand, signed: quotient in the low half, remainder in the high one.
  /// Faults if the quotient does not fit.
  @inlinable
  public final func idiv<R: GeneralRegister>(_ operand: R) { emit(.idivRm, R.width, reg: 0, rm: operand.operandBits) }

  /// Divides `rdx:rax` (`edx:eax`, `dx:ax`, `ax`) by the operand, signed: quotient in the low half, remainder in the high one.
  /// Faults if the quotient does not fit.
  @inlinable
  public final func idiv<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    emit(.idivRm, W.Register.width, reg: 0, memory: operand)
  }

  /// Multiplies `destination` by `source`, signed, and keeps the low half of the product.
  @inlinable
  public final func imul<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.imulRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Multiplies `destination` by `source`, signed, and keeps the low half of the product.
  @inlinable
  public final func imul<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.imulRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Sets `destination` to the low half of `source` times an immediate.
  @inlinable
  public final func imul<R: WideRegister>(_ destination: R, _ source: R, _ factor: R.Immediate) {
    emit(
      R.Immediate(Int8(truncatingIfNeeded: factor)) == factor ? .imulRRmI8 : .imulRRmI, R.width,
      reg: destination.operandBits, rm: source.operandBits, immediate: Int64(factor))
  }

  /// Sets `destination` to the low half of `source` times an immediate.
  @inlinable
  public final func imul<R: WideRegister>(_ destination: R, _ source: Mem, _ factor: R.Immediate) {
    emit(
      R.Immediate(Int8(truncatingIfNeeded: factor)) == factor ? .imulRRmI8 : .imulRRmI, R.width,
      reg: destination.operandBits, memory: source, immediate: Int64(factor))
  }

  @available(*, unavailable, message: "the operands of 'imul' have one width: name registers of the same size")
  public final func imul<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}
}
