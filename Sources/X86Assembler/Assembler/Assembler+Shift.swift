/// Shifts and rotates.
extension Assembler {
  // MARK: - `rol`

  /// Rotates left by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rol<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .rolRm1 : .rolRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Rotates left by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rol<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .rolRm1 : .rolRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Rotates left by the count in `cl`.
  @inlinable
  public final func rol<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.rolRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Rotates left by the count in `cl`.
  @inlinable
  public final func rol<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.rolRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `ror`

  /// Rotates right by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func ror<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .rorRm1 : .rorRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Rotates right by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func ror<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .rorRm1 : .rorRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Rotates right by the count in `cl`.
  @inlinable
  public final func ror<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.rorRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Rotates right by the count in `cl`.
  @inlinable
  public final func ror<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.rorRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `rcl`

  /// Rotates left through the carry by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rcl<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .rclRm1 : .rclRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Rotates left through the carry by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rcl<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .rclRm1 : .rclRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Rotates left through the carry by the count in `cl`.
  @inlinable
  public final func rcl<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.rclRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Rotates left through the carry by the count in `cl`.
  @inlinable
  public final func rcl<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.rclRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `rcr`

  /// Rotates right through the carry by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rcr<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .rcrRm1 : .rcrRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Rotates right through the carry by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func rcr<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .rcrRm1 : .rcrRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Rotates right through the carry by the count in `cl`.
  @inlinable
  public final func rcr<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.rcrRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Rotates right through the carry by the count in `cl`.
  @inlinable
  public final func rcr<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.rcrRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `shl`

  /// Shifts left by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func shl<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .shlRm1 : .shlRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Shifts left by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func shl<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .shlRm1 : .shlRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Shifts left by the count in `cl`.
  @inlinable
  public final func shl<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.shlRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Shifts left by the count in `cl`.
  @inlinable
  public final func shl<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.shlRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `shr`

  /// Shifts right and fills with zeros by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func shr<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .shrRm1 : .shrRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Shifts right and fills with zeros by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func shr<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .shrRm1 : .shrRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Shifts right and fills with zeros by the count in `cl`.
  @inlinable
  public final func shr<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.shrRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Shifts right and fills with zeros by the count in `cl`.
  @inlinable
  public final func shr<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.shrRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `sar`

  /// Shifts right and fills with the sign by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func sar<R: GeneralRegister>(_ operand: R, _ count: UInt8) {
    emit(count == 1 ? .sarRm1 : .sarRmI8, R.width, counting: count, rm: operand.operandBits)
  }

  /// Shifts right and fills with the sign by a count, of which the processor uses the low 5 bits, or 6 for 64-bit operands.
  @inlinable
  public final func sar<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: UInt8) {
    emit(count == 1 ? .sarRm1 : .sarRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(count))
  }

  /// Shifts right and fills with the sign by the count in `cl`.
  @inlinable
  public final func sar<R: GeneralRegister>(_ operand: R, _ count: CountRegister) {
    emit(.sarRmCL, R.width, reg: 0, rm: operand.operandBits)
  }

  /// Shifts right and fills with the sign by the count in `cl`.
  @inlinable
  public final func sar<W: MemoryWidth>(_ width: W, _ operand: Mem, _ count: CountRegister) {
    emit(.sarRmCL, W.Register.width, reg: 0, memory: operand)
  }

  // MARK: - `shld`

  /// Shifts `destination` left and fills it with the high bits of `source`.
  @inlinable
  public final func shld<R: WideRegister>(_ destination: R, _ source: R, _ count: UInt8) {
    emit(.shldRmRI8, R.width, reg: source.operandBits, rm: destination.operandBits, immediate: Int64(count))
  }

  /// Shifts `destination` left and fills it with the high bits of `source`.
  @inlinable
  public final func shld<R: WideRegister>(_ destination: Mem, _ source: R, _ count: UInt8) {
    emit(.shldRmRI8, R.width, reg: source.operandBits, memory: destination, immediate: Int64(count))
  }

  /// Shifts `destination` left and fills it with the high bits of `source`.
  @inlinable
  public final func shld<R: WideRegister>(_ destination: R, _ source: R, _ count: CountRegister) {
    emit(.shldRmRCL, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Shifts `destination` left and fills it with the high bits of `source`.
  @inlinable
  public final func shld<R: WideRegister>(_ destination: Mem, _ source: R, _ count: CountRegister) {
    emit(.shldRmRCL, R.width, reg: source.operandBits, memory: destination)
  }

  // MARK: - `shrd`

  /// Shifts `destination` right and fills it with the low bits of `source`.
  @inlinable
  public final func shrd<R: WideRegister>(_ destination: R, _ source: R, _ count: UInt8) {
    emit(.shrdRmRI8, R.width, reg: source.operandBits, rm: destination.operandBits, immediate: Int64(count))
  }

  /// Shifts `destination` right and fills it with the low bits of `source`.
  @inlinable
  public final func shrd<R: WideRegister>(_ destination: Mem, _ source: R, _ count: UInt8) {
    emit(.shrdRmRI8, R.width, reg: source.operandBits, memory: destination, immediate: Int64(count))
  }

  /// Shifts `destination` right and fills it with the low bits of `source`.
  @inlinable
  public final func shrd<R: WideRegister>(_ destination: R, _ source: R, _ count: CountRegister) {
    emit(.shrdRmRCL, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Shifts `destination` right and fills it with the low bits of `source`.
  @inlinable
  public final func shrd<R: WideRegister>(_ destination: Mem, _ source: R, _ count: CountRegister) {
    emit(.shrdRmRCL, R.width, reg: source.operandBits, memory: destination)
  }
}
