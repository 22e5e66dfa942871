/// The emitters: every instruction passes through one of these, with a row of the table and the numbers of its operands.
///
/// Parts that an instruction does not have are stored all the same and overwritten by what follows, because a store is cheaper
/// than a branch. Room for all of them is made first.
extension Assembler {
  /// ModRM with two registers.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, reg: UInt8, rm: UInt8, immediate: Int64 = 0) {
    let word = word(form, width)
    var p = unsafe opening(word, rex: (reg >> 1 & 4) | (rm >> 3 & 1), registers: reg | rm, shift: 0)
    unsafe store(&p, UInt8(0xC0) | (reg & 7 | word.digit) << 3 | rm & 7)
    unsafe close(p, word, immediate)
  }

  /// ModRM with a register and memory.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, reg: UInt8, memory: Mem, immediate: Int64 = 0) {
    let word = word(form, width)
    emit(word, reg: reg, memory: memory, immediate: immediate, condition: 0)
  }

  /// ModRM with memory or a register, and a condition in the opcode.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, condition: Condition, reg: UInt8, rm: UInt8) {
    let word = word(form, width)
    var p = unsafe opening(
      word, rex: (reg >> 1 & 4) | (rm >> 3 & 1), registers: reg | rm,
      shift: UInt32(condition.rawValue) << word.lastOpcodeShift)
    unsafe store(&p, UInt8(0xC0) | (reg & 7) << 3 | rm & 7)
    unsafe close(p, word, 0)
  }

  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, condition: Condition, reg: UInt8, memory: Mem) {
    let word = word(form, width)
    let shift = UInt32(condition.rawValue) << word.lastOpcodeShift
    emit(word, reg: reg, memory: memory, immediate: 0, condition: shift)
  }

  /// A register in the low bits of the opcode.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, plus register: UInt8, immediate: Int64 = 0) {
    let word = word(form, width)
    let shift = UInt32(register & 7) << word.lastOpcodeShift
    let p = unsafe opening(word, rex: register >> 3 & 1, registers: register, shift: shift)
    unsafe close(p, word, immediate)
  }

  /// No operands but an immediate.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth = .dword, immediate: Int64 = 0) {
    let word = word(form, width)
    let p = unsafe opening(word, rex: 0, registers: 0, shift: 0)
    unsafe close(p, word, immediate)
  }

  /// The shortest of the three ways to write an immediate operand beside a register.
  @usableFromInline
  final func emit(
    short: Form, accumulator: Form, full: Form, _ width: OperandWidth, register: UInt8, immediate: Int32
  ) {
    if width != .byte && Int32(Int8(truncatingIfNeeded: immediate)) == immediate {
      emit(short, width, reg: 0, rm: register, immediate: Int64(immediate))
    } else if register == 0 {
      emit(accumulator, width, immediate: Int64(immediate))
    } else {
      emit(full, width, reg: 0, rm: register, immediate: Int64(immediate))
    }
  }

  /// The shorter of the two ways to write an immediate operand beside memory.
  @usableFromInline
  final func emit(short: Form, full: Form, _ width: OperandWidth, memory: Mem, immediate: Int32) {
    let fits = width != .byte && Int32(Int8(truncatingIfNeeded: immediate)) == immediate
    emit(fits ? short : full, width, reg: 0, memory: memory, immediate: Int64(immediate))
  }

  // MARK: - Parts

  @inline(__always)
  final func word(_ form: Form, _ width: OperandWidth) -> EncodingWord {
    // In bounds: there are four words for each case of Form.
    unsafe EncodingWord(bits: state.pointee.words[Int(form.rawValue) * 4 + Int(width.rawValue)])
  }

  /// The next byte's address, with room for any one instruction behind it.
  @inline(__always)
  final func room() -> UnsafeMutablePointer<UInt8> { unsafe state.pointee.cursor }

  /// Stores a value's bytes at `p`, which has room for them, and moves `p` by `count`, or by the value's size.
  @inline(__always)
  final func store<T: FixedWidthInteger>(
    _ p: inout UnsafeMutablePointer<UInt8>, _ value: T, count: Int = MemoryLayout<T>.size
  ) {
    unsafe UnsafeMutableRawPointer(p).storeBytes(of: value, as: T.self)
    unsafe p += count
  }

  /// Prefixes, REX and opcode. Bit 6 of `registers` demands a REX prefix; `shift` is added to the opcode.
  @inline(__always)
  final func opening(
    _ word: EncodingWord, rex: UInt8, registers: UInt8, shift: UInt32, segment: UInt64 = 0
  ) -> UnsafeMutablePointer<UInt8> {
    var p = unsafe room()
    // 0x64 is the prefix of fs, 0x65 that of gs.
    unsafe store(&p, UInt8(truncatingIfNeeded: 0x63 &+ segment), count: segment == 0 ? 0 : 1)
    unsafe store(&p, word.prefixes, count: word.prefixCount)
    let bits = rex | word.rex | registers & 0x40
    unsafe store(&p, bits | 0x40, count: bits == 0 ? 0 : 1)
    unsafe store(&p, word.opcode &+ shift, count: word.opcodeCount)
    return unsafe p
  }

  /// The immediate, and the end of the instruction.
  @inline(__always)
  final func close(_ p: UnsafeMutablePointer<UInt8>, _ word: EncodingWord, _ immediate: Int64) {
    var p = unsafe p
    unsafe store(&p, immediate, count: word.immediateCount)
    unsafe advance(to: p)
  }

  /// Moves the cursor, and makes room for the next instruction: at the end of this one, where the call costs nothing until it
  /// is made.
  @inline(__always)
  final func advance(to p: UnsafeMutablePointer<UInt8>) {
    unsafe state.pointee.cursor = p
    if unsafe p > state.pointee.limit { unsafe state.pointee.grow(0) }
  }

  @inline(__always)
  final func emit(_ word: EncodingWord, reg: UInt8, memory: Mem, immediate: Int64, condition: UInt32) {
    let bits = memory.bits
    let rex = (reg >> 1 & 4) | UInt8(truncatingIfNeeded: bits >> 49 & 3)
    var p = unsafe opening(word, rex: rex, registers: reg, shift: condition, segment: bits >> 54 & 3)
    unsafe store(&p, UInt8(truncatingIfNeeded: bits >> 32) | (reg & 7 | word.digit) << 3)
    if bits >> 56 == 0 {
      unsafe store(&p, UInt8(truncatingIfNeeded: bits >> 40), count: Int(bits >> 48 & 1))
      unsafe store(&p, UInt32(truncatingIfNeeded: bits), count: Int(bits >> 51 & 7))
      unsafe close(p, word, immediate)
    } else {
      unsafe refer(p, word, memory, immediate)
    }
  }

  /// The displacement of a rip-relative operand, which is filled in later, and the rest of the instruction.
  @inline(never)
  final func refer(_ p: UnsafeMutablePointer<UInt8>, _ word: EncodingWord, _ memory: Mem, _ immediate: Int64) {
    let field = unsafe p - state.pointee.base
    let place = Place(offset: Int32(field), fragment: unsafe UInt32(state.pointee.fragments.count))
    let end = Int32(4 + word.immediateCount)
    var p = unsafe p
    unsafe store(&p, UInt32(0))
    unsafe close(p, word, immediate)
    switch memory.reference {
    case .label(let label):
      check(label)
      unsafe state.pointee.references.append(
        LabelReference(place: place, label: label.id, base: .end(bytes: end), addend: memory.displacement))
    case .symbol(let symbol):
      let addend = memory.displacement.subtractingReportingOverflow(end)
      precondition(!addend.overflow, "the addend of a symbol leaves room for the length of the instruction")
      unsafe state.pointee.relocations.append(
        PendingRelocation(place: place, symbol: symbol, addend: addend.partialValue, kind: .pcRelative32))
    case nil:
      preconditionFailure("only rip-relative operands are referred to")
    }
  }
}
