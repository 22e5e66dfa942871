/// Calls, jumps and addresses that whoever installs the code fills in.
extension Assembler {
  /// Calls the code at a symbol: `E8 rel32`. The symbol must end up within 2 GiB.
  public final func call(_ symbol: Symbol) {
    emit(.callRel32)
    relocateLastField(symbol)
  }

  /// Jumps to the code at a symbol: `E9 rel32`. The symbol must end up within 2 GiB. In a function it is a way out that tracers do not see.
  public final func jmp(_ symbol: Symbol) {
    noteRawReturn()
    emitJump(symbol)
  }

  /// The same, where the exit has its site, or where it is none.
  final func emitJump(_ symbol: Symbol) {
    emit(.jmpRel32)
    relocateLastField(symbol)
  }

  /// Jumps to the code at a symbol if the condition holds: `0F 8x rel32`. The symbol must end up within 2 GiB.
  public final func j(_ condition: Condition, _ symbol: Symbol) {
    let word = word(.jccRel32, .dword)
    let p = unsafe opening(word, rex: 0, registers: 0, shift: UInt32(condition.rawValue) << word.lastOpcodeShift)
    unsafe close(p, word, 0)
    relocateLastField(symbol)
  }

  /// Calls what the eight bytes at a symbol point to: `FF 15 disp32`.
  public final func call(slot symbol: Symbol) { emit(.callRm, .qword, reg: 0, memory: .rip(symbol)) }

  /// Jumps to what the eight bytes at a symbol point to: `FF 25 disp32`. In a function it is a way out that tracers do not see.
  public final func jmp(slot symbol: Symbol) {
    noteRawReturn()
    emitJump(slot: symbol)
  }

  /// The same, where the exit has its site.
  final func emitJump(slot symbol: Symbol) { emit(.jmpRm, .qword, reg: 0, memory: .rip(symbol)) }

  /// Loads the address of a symbol.
  public final func lea(_ destination: Reg64, symbol: Symbol) {
    emit(.leaRM, .qword, reg: destination.number, memory: .rip(symbol))
  }

  /// Loads the eight bytes at a symbol.
  public final func mov(_ destination: Reg64, slot symbol: Symbol) {
    emit(.movRRm, .qword, reg: destination.number, memory: .rip(symbol))
  }

  /// Loads the address of a symbol anywhere in memory, as an immediate of eight bytes.
  public final func movabs(_ destination: Reg64, _ symbol: Symbol, addend: Int32 = 0) {
    emit(.movabsRI, .qword, plus: destination.number, immediate: 0)
    relocate(symbol, bytesBack: 8, addend: addend, .absolute64)
  }

  /// Eight bytes that hold the address of a symbol.
  public final func quad(_ symbol: Symbol, addend: Int32 = 0) {
    bytes(UInt64(0))
    relocate(symbol, bytesBack: 8, addend: addend, .absolute64)
  }

  private final func relocateLastField(_ symbol: Symbol) {
    relocate(symbol, bytesBack: 4, addend: -4, .pcRelative32)
  }

  final func relocate(_ symbol: Symbol, bytesBack: Int, addend: Int32, _ kind: Relocation.Kind) {
    let place = Place(
      offset: Int32(truncatingIfNeeded: offset - bytesBack), fragment: unsafe UInt32(state.pointee.fragments.count))
    unsafe state.pointee.relocations.append(
      PendingRelocation(place: place, symbol: symbol, addend: addend, kind: kind))
  }
}
