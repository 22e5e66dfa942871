/// The instructions that can be atomic: a memory destination with the `lock` prefix.
///
/// Only forms that the processor accepts with the prefix are here, so that `lock` before anything else does not compile.
public struct LockedInstructions {
  @usableFromInline let assembler: Assembler

  @inlinable
  init(_ assembler: Assembler) { self.assembler = assembler }
}

extension Assembler {
  /// The next instruction, locked: `a.lock.xadd(.base(.rdi), .rax)`.
  @inlinable
  public final var lock: LockedInstructions { LockedInstructions(self) }
}

extension LockedInstructions {
  /// `lock add`
  @inlinable
  public func add<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.add(destination, source)
  }

  /// `lock add`
  @inlinable
  public func add<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.add(width, destination, source)
  }

  /// `lock or`
  @inlinable
  public func or<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.or(destination, source)
  }

  /// `lock or`
  @inlinable
  public func or<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.or(width, destination, source)
  }

  /// `lock adc`
  @inlinable
  public func adc<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.adc(destination, source)
  }

  /// `lock adc`
  @inlinable
  public func adc<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.adc(width, destination, source)
  }

  /// `lock sbb`
  @inlinable
  public func sbb<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.sbb(destination, source)
  }

  /// `lock sbb`
  @inlinable
  public func sbb<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.sbb(width, destination, source)
  }

  /// `lock and`
  @inlinable
  public func and<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.and(destination, source)
  }

  /// `lock and`
  @inlinable
  public func and<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.and(width, destination, source)
  }

  /// `lock sub`
  @inlinable
  public func sub<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.sub(destination, source)
  }

  /// `lock sub`
  @inlinable
  public func sub<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.sub(width, destination, source)
  }

  /// `lock xor`
  @inlinable
  public func xor<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.xor(destination, source)
  }

  /// `lock xor`
  @inlinable
  public func xor<W: MemoryWidth>(_ width: W, _ destination: Mem, _ source: W.Register.Immediate) {
    assembler.emit(.lockPrefix)
    assembler.xor(width, destination, source)
  }

  /// `lock inc`
  @inlinable
  public func inc<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    assembler.emit(.lockPrefix)
    assembler.inc(width, operand)
  }

  /// `lock dec`
  @inlinable
  public func dec<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    assembler.emit(.lockPrefix)
    assembler.dec(width, operand)
  }

  /// `lock not`
  @inlinable
  public func not<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    assembler.emit(.lockPrefix)
    assembler.not(width, operand)
  }

  /// `lock neg`
  @inlinable
  public func neg<W: MemoryWidth>(_ width: W, _ operand: Mem) {
    assembler.emit(.lockPrefix)
    assembler.neg(width, operand)
  }

  /// `lock xadd`
  @inlinable
  public func xadd<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.xadd(destination, source)
  }

  /// `lock cmpxchg`
  @inlinable
  public func cmpxchg<R: GeneralRegister>(_ destination: Mem, _ source: R) {
    assembler.emit(.lockPrefix)
    assembler.cmpxchg(destination, source)
  }

  /// `lock cmpxchg8b`
  @inlinable
  public func cmpxchg8b(_ destination: Mem) {
    assembler.emit(.lockPrefix)
    assembler.cmpxchg8b(destination)
  }

  /// `lock cmpxchg16b`
  @inlinable
  public func cmpxchg16b(_ destination: Mem) {
    assembler.emit(.lockPrefix)
    assembler.cmpxchg16b(destination)
  }

  /// `lock bts`
  @inlinable
  public func bts<R: WideRegister>(_ operand: Mem, _ bit: R) {
    assembler.emit(.lockPrefix)
    assembler.bts(operand, bit)
  }

  /// `lock bts`
  @inlinable
  public func bts<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    assembler.emit(.lockPrefix)
    assembler.bts(width, operand, bit)
  }

  /// `lock btr`
  @inlinable
  public func btr<R: WideRegister>(_ operand: Mem, _ bit: R) {
    assembler.emit(.lockPrefix)
    assembler.btr(operand, bit)
  }

  /// `lock btr`
  @inlinable
  public func btr<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    assembler.emit(.lockPrefix)
    assembler.btr(width, operand, bit)
  }

  /// `lock btc`
  @inlinable
  public func btc<R: WideRegister>(_ operand: Mem, _ bit: R) {
    assembler.emit(.lockPrefix)
    assembler.btc(operand, bit)
  }

  /// `lock btc`
  @inlinable
  public func btc<W: WideMemoryWidth>(_ width: W, _ operand: Mem, _ bit: UInt8) where W.Register: WideRegister {
    assembler.emit(.lockPrefix)
    assembler.btc(width, operand, bit)
  }
}
