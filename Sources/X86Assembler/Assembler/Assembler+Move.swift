/// Moves of integers, extensions and addresses.
extension Assembler {
  // MARK: - `mov`

  /// Copies a register. A 32-bit move clears the upper half of the destination.
  @inlinable
  public final func mov<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.movRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Loads a register.
  @inlinable
  public final func mov<R: GeneralRegister>(_ destination: R, _ source: Mem) {
    emit(.movRRm, R.width, reg: destination.operandBits, memory: source)
  }

  /// Stores a register.
  @inlinable
  public final func mov<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.movRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Loads an immediate in its shortest form, which for 64 bits is five, seven or ten bytes. No flag changes.
  @inlinable
  public final func mov<R: GeneralRegister>(_ destination: R, _ immediate: R.MoveImmediate) {
    emitMove(R.width, destination.operandBits, Int64(immediate))
  }

  /// Stores an immediate.
  @inlinable
  public final func mov<W: MemoryWidth>(_ width: W, _ destination: Mem, _ immediate: W.Register.Immediate) {
    emit(.movRmI, W.Register.width, reg: 0, memory: destination, immediate: Int64(immediate))
  }

  /// Loads an address in its shortest form. No flag changes.
  @inlinable
  public final func mov(_ destination: Reg64, address: UInt64) {
    emitMove(.qword, destination.number, Int64(bitPattern: address))
  }

  /// Loads an immediate of eight bytes, always in ten bytes: it can be changed later.
  @inlinable
  public final func movabs(_ destination: Reg64, _ immediate: Int64) {
    emit(.movabsRI, .qword, plus: destination.number, immediate: immediate)
  }

  @available(
    *, unavailable,
    message:
      "the operands of 'mov' have one width: name registers of the same size, or use 'movzx', 'movsx' or 'movsxd'"
  )
  public final func mov<D: GeneralRegister, S: GeneralRegister>(_ destination: D, _ source: S) {}

  @available(*, unavailable, message: "no instruction has two memory operands: load one into a register first")
  public final func mov(_ destination: Mem, _ source: Mem) {}

  // MARK: - `movzx`

  /// Copies and zero-extends a byte.
  @inlinable
  public final func movzx<R: WideRegister>(_ destination: R, _ source: Reg8) {
    emit(.movzxRRm8, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Copies and zero-extends two bytes.
  @inlinable
  public final func movzx<R: LongRegister>(_ destination: R, _ source: Reg16) {
    emit(.movzxRRm16, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Loads and zero-extends a byte.
  @inlinable
  public final func movzx<R: WideRegister>(_ destination: R, _ width: Byte, _ source: Mem) {
    emit(.movzxRRm8, R.width, reg: destination.operandBits, memory: source)
  }

  /// Loads and zero-extends two bytes.
  @inlinable
  public final func movzx<R: LongRegister>(_ destination: R, _ width: Word, _ source: Mem) {
    emit(.movzxRRm16, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - `movsx`

  /// Copies and sign-extends a byte.
  @inlinable
  public final func movsx<R: WideRegister>(_ destination: R, _ source: Reg8) {
    emit(.movsxRRm8, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Copies and sign-extends two bytes.
  @inlinable
  public final func movsx<R: LongRegister>(_ destination: R, _ source: Reg16) {
    emit(.movsxRRm16, R.width, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Loads and sign-extends a byte.
  @inlinable
  public final func movsx<R: WideRegister>(_ destination: R, _ width: Byte, _ source: Mem) {
    emit(.movsxRRm8, R.width, reg: destination.operandBits, memory: source)
  }

  /// Loads and sign-extends two bytes.
  @inlinable
  public final func movsx<R: LongRegister>(_ destination: R, _ width: Word, _ source: Mem) {
    emit(.movsxRRm16, R.width, reg: destination.operandBits, memory: source)
  }

  /// Copies and sign-extends four bytes.
  @inlinable
  public final func movsxd(_ destination: Reg64, _ source: Reg32) {
    emit(.movsxdRRm32, .qword, reg: destination.number, rm: source.number)
  }

  /// Loads and sign-extends four bytes.
  @inlinable
  public final func movsxd(_ destination: Reg64, _ source: Mem) {
    emit(.movsxdRRm32, .qword, reg: destination.number, memory: source)
  }

  /// Loads the address of the operand, without its segment. No flag changes.
  @inlinable
  public final func lea<R: WideRegister>(_ destination: R, _ source: Mem) {
    emit(.leaRM, R.width, reg: destination.operandBits, memory: source)
  }

  // MARK: - Conditional

  /// Copies `source` to `destination` if the condition holds. A 32-bit form clears the upper half in any case.
  @inlinable
  public final func cmov<R: WideRegister>(_ condition: Condition, _ destination: R, _ source: R) {
    emit(.cmovRRm, R.width, condition: condition, reg: destination.operandBits, rm: source.operandBits)
  }

  /// Loads `source`, always, and keeps it in `destination` if the condition holds.
  @inlinable
  public final func cmov<R: WideRegister>(_ condition: Condition, _ destination: R, _ source: Mem) {
    emit(.cmovRRm, R.width, condition: condition, reg: destination.operandBits, memory: source)
  }

  /// Sets a byte to 1 if the condition holds, and to 0 if not.
  @inlinable
  public final func set(_ condition: Condition, _ destination: Reg8) {
    emit(.setRm8, .dword, condition: condition, reg: 0, rm: destination.operandBits)
  }

  /// Sets a byte to 1 if the condition holds, and to 0 if not.
  @inlinable
  public final func set(_ condition: Condition, _ destination: Mem) {
    emit(.setRm8, .dword, condition: condition, reg: 0, memory: destination)
  }
}
