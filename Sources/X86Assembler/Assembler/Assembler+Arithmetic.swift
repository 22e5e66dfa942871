/// Addition, subtraction, comparison and logic. Flags are set as the manual says; `mov` and `lea` are the ways around them.
extension Assembler {
  // MARK: - `add`

  /// Adds `source` to `destination`.
  @inlinable
  public final func add<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.addRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Adds `source` to `destination`.
  @inlinable
  public final func add<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.addRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Adds `source` to `destination`.
  @inlinable
  public final func add<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.addRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Adds `source` to `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func add<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .addRmI8, accumulator: .addAccI, full: .addRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Adds `source` to `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func add<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .addRmI8, full: .addRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'add' have one width: name registers of the same size")
  public final func add<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func add(_ destination: Mem, _ source: Mem) {}

  // MARK: - `or`

  /// Ors `source` into `destination`.
  @inlinable
  public final func or<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.orRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Ors `source` into `destination`.
  @inlinable
  public final func or<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.orRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Ors `source` into `destination`.
  @inlinable
  public final func or<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.orRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Ors `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func or<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .orRmI8, accumulator: .orAccI, full: .orRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Ors `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func or<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .orRmI8, full: .orRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'or' have one width: name registers of the same size")
  public final func or<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func or(_ destination: Mem, _ source: Mem) {}

  // MARK: - `adc`

  /// Adds `source` and the carry to `destination`.
  @inlinable
  public final func adc<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.adcRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Adds `source` and the carry to `destination`.
  @inlinable
  public final func adc<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.adcRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Adds `source` and the carry to `destination`.
  @inlinable
  public final func adc<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.adcRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Adds `source` and the carry to `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func adc<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .adcRmI8, accumulator: .adcAccI, full: .adcRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Adds `source` and the carry to `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func adc<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .adcRmI8, full: .adcRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'adc' have one width: name registers of the same size")
  public final func adc<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func adc(_ destination: Mem, _ source: Mem) {}

  // MARK: - `sbb`

  /// Subtracts `source` and the borrow from `destination`.
  @inlinable
  public final func sbb<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.sbbRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Subtracts `source` and the borrow from `destination`.
  @inlinable
  public final func sbb<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.sbbRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Subtracts `source` and the borrow from `destination`.
  @inlinable
  public final func sbb<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.sbbRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Subtracts `source` and the borrow from `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func sbb<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .sbbRmI8, accumulator: .sbbAccI, full: .sbbRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Subtracts `source` and the borrow from `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func sbb<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .sbbRmI8, full: .sbbRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'sbb' have one width: name registers of the same size")
  public final func sbb<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func sbb(_ destination: Mem, _ source: Mem) {}

  // MARK: - `and`

  /// Ands `source` into `destination`.
  @inlinable
  public final func and<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.andRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Ands `source` into `destination`.
  @inlinable
  public final func and<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.andRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Ands `source` into `destination`.
  @inlinable
  public final func and<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.andRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Ands `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func and<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .andRmI8, accumulator: .andAccI, full: .andRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Ands `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func and<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .andRmI8, full: .andRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'and' have one width: name registers of the same size")
  public final func and<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func and(_ destination: Mem, _ source: Mem) {}

  // MARK: - `sub`

  /// Subtracts `source` from `destination`.
  @inlinable
  public final func sub<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.subRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Subtracts `source` from `destination`.
  @inlinable
  public final func sub<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.subRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Subtracts `source` from `destination`.
  @inlinable
  public final func sub<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.subRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Subtracts `source` from `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func sub<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .subRmI8, accumulator: .subAccI, full: .subRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Subtracts `source` from `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func sub<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .subRmI8, full: .subRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'sub' have one width: name registers of the same size")
  public final func sub<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func sub(_ destination: Mem, _ source: Mem) {}

  // MARK: - `xor`

  /// Exclusive-ors `source` into `destination`.
  @inlinable
  public final func xor<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.xorRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Exclusive-ors `source` into `destination`.
  @inlinable
  public final func xor<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.xorRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Exclusive-ors `source` into `destination`.
  @inlinable
  public final func xor<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.xorRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Exclusive-ors `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func xor<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .xorRmI8, accumulator: .xorAccI, full: .xorRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Exclusive-ors `source` into `destination`. The immediate takes one byte if it fits.
  @inlinable
  public final func xor<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .xorRmI8, full: .xorRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'xor' have one width: name registers of the same size")
  public final func xor<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func xor(_ destination: Mem, _ source: Mem) {}

  // MARK: - `cmp`

  /// Compares `destination` with `source`: sets the flags as `sub` would.
  @inlinable
  public final func cmp<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.cmpRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Compares `destination` with `source`: sets the flags as `sub` would.
  @inlinable
  public final func cmp<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.cmpRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Compares `destination` with `source`: sets the flags as `sub` would.
  @inlinable
  public final func cmp<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.cmpRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Compares `destination` with `source`: sets the flags as `sub` would. The immediate takes one byte if it fits.
  @inlinable
  public final func cmp<R: GeneralRegister>(_ destination: R, _ source: R.Immediate) {
    emit(
      short: .cmpRmI8, accumulator: .cmpAccI, full: .cmpRmI, R.width, register: destination.operandBits,
      immediate: Int32(source))
  }

  /// Compares `destination` with `source`: sets the flags as `sub` would. The immediate takes one byte if it fits.
  @inlinable
  public final func cmp<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    emit(short: .cmpRmI8, full: .cmpRmI, W.Register.width, memory: destination, immediate: Int32(source))
  }

  @available(*, unavailable, message: "the operands of 'cmp' have one width: name registers of the same size")
  public final func cmp<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func cmp(_ destination: Mem, _ source: Mem) {}

  // MARK: - `test`

  /// Sets the flags as `and` would, and keeps the operands.
  @inlinable
  public final func test<R: GeneralRegister>(_ left: R, _ right: R) {
    emit(.testRmR, R.width, reg: right.operandBits, rm: left.operandBits)
  }

  /// Sets the flags as `and` would, and keeps the operands.
  @inlinable
  public final func test<R: GeneralRegister>(_ left: Mem, _ right: R) {
    emit(.testRmR, R.width, reg: right.operandBits, memory: left)
  }

  /// Sets the flags as `and` would, and keeps the operands.
  @inlinable
  public final func test<R: GeneralRegister>(_ left: R, _ right: R.Immediate) {
    emit(left.operandBits == 0 ? .testAccI : .testRmI, R.width, testing: left.operandBits, immediate: Int64(right))
  }

  /// Sets the flags as `and` would, and keeps the operands.
  @inlinable
  public final func test<W: MemoryWidth>(_ width: W, _ left: Mem, _ right: W.Register.Immediate) {
    emit(.testRmI, W.Register.width, reg: 0, memory: left, immediate: Int64(right))
  }

  @available(*, unavailable, message: "the operands of 'test' have one width: name registers of the same size")
  public final func test<D: GeneralRegister, S: GeneralRegister>(_ left: D, _ right: S) {}
}
