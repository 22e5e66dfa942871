/// Bit tests, scans and counts.
extension Assembler {
  // MARK: - `bt`

  /// Copies a bit to the carry. The bit's number is taken modulo the width.
  @inlinable
  public final func bt<R: WideRegister>(_ operand: R, _ bit: R) {
    emit(.btRmR, R.width, reg: bit.operandBits, rm: operand.operandBits)
  }

  /// Copies a bit to the carry. The bit's number reaches beyond the operand, as a signed offset in bits.
  @inlinable
  public final func bt<R: WideRegister>(_ operand: Mem, _ bit: R) {
    emit(.btRmR, R.width, reg: bit.operandBits, memory: operand)
  }

  /// Copies a bit to the carry. The bit's number is taken modulo the width.
  @inlinable
  public final func bt<R: WideRegister>(_ operand: R, _ bit: UInt8) {
    emit(.btRmI8, R.width, reg: 0, rm: operand.operandBits, immediate: Int64(bit))
  }

  /// Copies a bit to the carry. The bit's number is taken modulo the width.
  @inlinable
  public final func bt<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    emit(.btRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(bit))
  }

  // MARK: - `bts`

  /// Copies a bit to the carry and sets it. The bit's number is taken modulo the width.
  @inlinable
  public final func bts<R: WideRegister>(_ operand: R, _ bit: R) {
    emit(.btsRmR, R.width, reg: bit.operandBits, rm: operand.operandBits)
  }

  /// Copies a bit to the carry and sets it. The bit's number reaches beyond the operand, as a signed offset in bits.
  @inlinable
  public final func bts<R: WideRegister>(_ operand: Mem, _ bit: R) {
    emit(.btsRmR, R.width, reg: bit.operandBits, memory: operand)
  }

  /// Copies a bit to the carry and sets it. The bit's number is taken modulo the width.
  @inlinable
  public final func bts<R: WideRegister>(_ operand: R, _ bit: UInt8) {
    emit(.btsRmI8, R.width, reg: 0, rm: operand.operandBits, immediate: Int64(bit))
  }

  /// Copies a bit to the carry and sets it. The bit's number is taken modulo the width.
  @inlinable
  public final func bts<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    emit(.btsRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(bit))
  }

  // MARK: - `btr`

  /// Copies a bit to the carry and clears it. The bit's number is taken modulo the width.
  @inlinable
  public final func btr<R: WideRegister>(_ operand: R, _ bit: R) {
    emit(.btrRmR, R.width, reg: bit.operandBits, rm: operand.operandBits)
  }

  /// Copies a bit to the carry and clears it. The bit's number reaches beyond the operand, as a signed offset in bits.
  @inlinable
  public final func btr<R: WideRegister>(_ operand: Mem, _ bit: R) {
    emit(.btrRmR, R.width, reg: bit.operandBits, memory: operand)
  }

  /// Copies a bit to the carry and clears it. The bit's number is taken modulo the width.
  @inlinable
  public final func btr<R: WideRegister>(_ operand: R, _ bit: UInt8) {
    emit(.btrRmI8, R.width, reg: 0, rm: operand.operandBits, immediate: Int64(bit))
  }

  /// Copies a bit to the carry and clears it. The bit's number is taken modulo the width.
  @inlinable
  public final func btr<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    emit(.btrRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(bit))
  }

  // MARK: - `btc`

  /// Copies a bit to the carry and inverts it. The bit's number is taken modulo the width.
  @inlinable
  public final func btc<R: WideRegister>(_ operand: R, _ bit: R) {
    emit(.btcRmR, R.width, reg: bit.operandBits, rm: operand.operandBits)
  }

  /// Copies a bit to the carry and inverts it. The bit's number reaches beyond the operand, as a signed offset in bits.
  @inlinable
  public final func btc<R: WideRegister>(_ operand: Mem, _ bit: R) {
    emit(.btcRmR, R.width, reg: bit.operandBits, memory: operand)
  }

  /// Copies a bit to the carry and inverts it. The bit's number is taken modulo the width.
  @inlinable
  public final func btc<R: WideRegister>(_ operand: R, _ bit: UInt8) {
    emit(.btcRmI8, R.width, reg: 0, rm: operand.operandBits, immediate: Int64(bit))
  }

  /// Copies a bit to the carry and inverts it. The bit's number is taken modulo the width.
  @inlinable
  public final func btc<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    emit(.btcRmI8, W.Register.width, reg: 0, memory: operand, immediate: Int64(bit))
  }

  // MARK: - `bsf`

  /// The number of the lowest set bit; undefined, with the zero flag set, if there is none.
  @inlinable
  public final func bsf<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.bsfRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// The number of the lowest set bit; undefined, with the zero flag set, if there is none.
  @inlinable
  public final func bsf<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.bsfRRm, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - `bsr`

  /// The number of the highest set bit; undefined, with the zero flag set, if there is none.
  @inlinable
  public final func bsr<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.bsrRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// The number of the highest set bit; undefined, with the zero flag set, if there is none.
  @inlinable
  public final func bsr<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.bsrRRm, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - `popcnt`

  /// The number of set bits. Needs POPCNT.
  @inlinable
  public final func popcnt<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.popcntRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// The number of set bits. Needs POPCNT.
  @inlinable
  public final func popcnt<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.popcntRRm, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - `lzcnt`

  /// The number of leading zero bits. Needs LZCNT: without it, the processor runs `bsr`.
  @inlinable
  public final func lzcnt<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.lzcntRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// The number of leading zero bits. Needs LZCNT: without it, the processor runs `bsr`.
  @inlinable
  public final func lzcnt<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.lzcntRRm, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - `tzcnt`

  /// The number of trailing zero bits. Needs BMI1: without it, the processor runs `bsf`.
  @inlinable
  public final func tzcnt<R: WideRegister>(_ destination: R, _ source: R) {
    emit(.tzcntRRm, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// The number of trailing zero bits. Needs BMI1: without it, the processor runs `bsf`.
  @inlinable
  public final func tzcnt<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.tzcntRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Reverses the order of the bytes.
  @inlinable
  public final func bswap<R: LongRegister>(_ operand: R) { emit(.bswapR, R.width, plus: operand.operandBits) }
}
