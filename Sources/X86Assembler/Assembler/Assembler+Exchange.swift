/// Exchanges, and the stack.
extension Assembler {
  /// Exchanges two registers.
  @inlinable
  public final func xchg<R: GeneralRegister>(_ left: R, _ right: R) {
    emitExchange(R.width, left.operandBits, right.operandBits)
  }

  /// Exchanges memory and a register, atomically: the processor locks by itself.
  @inlinable
  public final func xchg<R: GeneralRegister>(_ left: Mem, _ right: R) {
    emit(.xchgRmR, R.width, reg: right.operandBits, memory: left)
  }

  @available(*, unavailable, message: "the operands of 'xchg' have one width: name registers of the same size")
  public final func xchg<D: GeneralRegister, S: GeneralRegister>(_ left: D, _ right: S) {}

  /// Stores `source` in `destination` if that equals the accumulator; else loads the accumulator. The zero flag tells which.
  @inlinable
  public final func cmpxchg<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.cmpxchgRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Stores `source` in `destination` if that equals the accumulator; else loads the accumulator. The zero flag tells which.
  /// Not atomic without `lock`.
  @inlinable
  public final func cmpxchg<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.cmpxchgRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Adds `source` to `destination` and sets `source` to what `destination` was.
  @inlinable
  public final func xadd<R: GeneralRegister>(_ destination: R, _ source: R) {
    emit(.xaddRmR, R.width, reg: source.operandBits, rm: destination.operandBits)
  }

  /// Adds `source` to `destination` and sets `source` to what `destination` was. Not atomic without `lock`.
  @inlinable
  public final func xadd<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    emit(.xaddRmR, R.width, reg: source.operandBits, memory: destination)
  }

  /// Compares `edx:eax` with eight bytes, and stores `ecx:ebx` there if equal; else loads `edx:eax`.
  @inlinable
  public final func cmpxchg8b(_ destination: Mem) { emit(.cmpxchg8bM, .dword, reg: 0, memory: destination) }

  /// Compares `rdx:rax` with sixteen aligned bytes, and stores `rcx:rbx` there if equal; else loads `rdx:rax`.
  @inlinable
  public final func cmpxchg16b(_ destination: Mem) { emit(.cmpxchg16bM, .qword, reg: 0, memory: destination) }

  // MARK: - Stack

  /// Pushes a register.
  @inlinable
  public final func push(_ source: Reg64) { emit(.pushR, .qword, plus: source.number) }

  /// Pops a register.
  @inlinable
  public final func pop(_ destination: Reg64) { emit(.popR, .qword, plus: destination.number) }

  /// Pushes eight bytes of memory.
  @inlinable
  public final func push(_ source: Mem) { emit(.pushRm, .qword, reg: 0, memory: source) }

  /// Pops eight bytes to memory. An address through `rsp` is computed after the pop.
  @inlinable
  public final func pop(_ destination: Mem) { emit(.popRm, .qword, reg: 0, memory: destination) }

  /// Pushes an immediate, sign-extended to eight bytes.
  @inlinable
  public final func push(_ immediate: Int32) {
    emit(
      Int32(Int8(truncatingIfNeeded: immediate)) == immediate ? .pushI8 : .pushI, .qword, immediate: Int64(immediate))
  }
}
