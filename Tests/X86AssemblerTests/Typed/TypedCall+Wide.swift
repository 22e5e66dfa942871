import FtraceX86Assembler

extension TypedCall {
  /// Instructions on general registers of 16 bits or more.
  static func wide<R: WideRegister>(_: R.Type) -> [TypedCall] {
    let a = R(number: 9)
    let b = R(number: 6)
    let large = R.Immediate.max / 3
    let memory = Self.memory
    return [
      TypedCall("bt", [.register(9), .register(6)], width: R.width) { $0.bt(a, b) },
      TypedCall("bt", [.memory(memory), .register(9)], width: R.width) { $0.bt(memory, a) },
      TypedCall("bt", [.register(9), .immediate(3)], width: R.width) { $0.bt(a, 3) },
      TypedCall("bts", [.register(9), .register(6)], width: R.width) { $0.bts(a, b) },
      TypedCall("bts", [.memory(memory), .register(9)], width: R.width) { $0.bts(memory, a) },
      TypedCall("bts", [.register(9), .immediate(3)], width: R.width) { $0.bts(a, 3) },
      TypedCall("btr", [.register(9), .register(6)], width: R.width) { $0.btr(a, b) },
      TypedCall("btr", [.memory(memory), .register(9)], width: R.width) { $0.btr(memory, a) },
      TypedCall("btr", [.register(9), .immediate(3)], width: R.width) { $0.btr(a, 3) },
      TypedCall("btc", [.register(9), .register(6)], width: R.width) { $0.btc(a, b) },
      TypedCall("btc", [.memory(memory), .register(9)], width: R.width) { $0.btc(memory, a) },
      TypedCall("btc", [.register(9), .immediate(3)], width: R.width) { $0.btc(a, 3) },
      TypedCall("bsf", [.register(9), .register(6)], width: R.width) { $0.bsf(a, b) },
      TypedCall("bsf", [.register(9), .memory(memory)], width: R.width) { $0.bsf(a, memory) },
      TypedCall("bsr", [.register(9), .register(6)], width: R.width) { $0.bsr(a, b) },
      TypedCall("bsr", [.register(9), .memory(memory)], width: R.width) { $0.bsr(a, memory) },
      TypedCall("popcnt", [.register(9), .register(6)], width: R.width) { $0.popcnt(a, b) },
      TypedCall("popcnt", [.register(9), .memory(memory)], width: R.width) { $0.popcnt(a, memory) },
      TypedCall("lzcnt", [.register(9), .register(6)], width: R.width) { $0.lzcnt(a, b) },
      TypedCall("lzcnt", [.register(9), .memory(memory)], width: R.width) { $0.lzcnt(a, memory) },
      TypedCall("tzcnt", [.register(9), .register(6)], width: R.width) { $0.tzcnt(a, b) },
      TypedCall("tzcnt", [.register(9), .memory(memory)], width: R.width) { $0.tzcnt(a, memory) },
      TypedCall("movzx", [.register(9), .register(6)], width: R.width, form: .movzxRRm8) { $0.movzx(a, .sil) },
      TypedCall("movzx", [.register(9), .memory(memory)], width: R.width, form: .movzxRRm8) {
        $0.movzx(a, .byte, memory)
      },
      TypedCall("movsx", [.register(9), .register(6)], width: R.width, form: .movsxRRm8) { $0.movsx(a, .sil) },
      TypedCall("movsx", [.register(9), .memory(memory)], width: R.width, form: .movsxRRm8) {
        $0.movsx(a, .byte, memory)
      },
      TypedCall("lea", [.register(9), .memory(memory)], width: R.width) { $0.lea(a, memory) },
      TypedCall("cmov", [.register(9), .register(6)], width: R.width, condition: .le) { $0.cmov(.le, a, b) },
      TypedCall("cmov", [.register(9), .memory(memory)], width: R.width, condition: .le) { $0.cmov(.le, a, memory) },
      TypedCall("imul", [.register(9), .register(6)], width: R.width) { $0.imul(a, b) },
      TypedCall("imul", [.register(9), .memory(memory)], width: R.width) { $0.imul(a, memory) },
      TypedCall("imul", [.register(9), .register(6), .immediate(5)], width: R.width) { $0.imul(a, b, 5) },
      TypedCall("imul", [.register(9), .register(6), .immediate(Int64(large))], width: R.width) {
        $0.imul(a, b, large)
      },
      TypedCall("imul", [.register(9), .memory(memory), .immediate(5)], width: R.width) { $0.imul(a, memory, 5) },
      TypedCall("imul", [.register(9), .memory(memory), .immediate(Int64(large))], width: R.width) {
        $0.imul(a, memory, large)
      },
      TypedCall("shld", [.register(9), .register(6), .immediate(3)], width: R.width) { $0.shld(a, b, 3) },
      TypedCall("shld", [.memory(memory), .register(9), .immediate(3)], width: R.width) { $0.shld(memory, a, 3) },
      TypedCall("shld", [.register(9), .register(6), .implied], width: R.width) { $0.shld(a, b, .cl) },
      TypedCall("shld", [.memory(memory), .register(9), .implied], width: R.width) { $0.shld(memory, a, .cl) },
      TypedCall("shrd", [.register(9), .register(6), .immediate(3)], width: R.width) { $0.shrd(a, b, 3) },
      TypedCall("shrd", [.memory(memory), .register(9), .immediate(3)], width: R.width) { $0.shrd(memory, a, 3) },
      TypedCall("shrd", [.register(9), .register(6), .implied], width: R.width) { $0.shrd(a, b, .cl) },
      TypedCall("shrd", [.memory(memory), .register(9), .implied], width: R.width) { $0.shrd(memory, a, .cl) },
      TypedCall("bts", [.memory(memory), .register(9)], width: R.width, locked: true) { $0.lock.bts(memory, a) },
      TypedCall("btr", [.memory(memory), .register(9)], width: R.width, locked: true) { $0.lock.btr(memory, a) },
      TypedCall("btc", [.memory(memory), .register(9)], width: R.width, locked: true) { $0.lock.btc(memory, a) },
    ]
  }

  /// Instructions on general registers of 32 or 64 bits.
  static func long<R: LongRegister>(_: R.Type) -> [TypedCall] {
    let a = R(number: 9)
    let memory = Self.memory
    return [
      TypedCall("bswap", [.register(9)], width: R.width) { $0.bswap(a) },
      TypedCall("cvtsi2ss", [.vector(.xmm9), .register(9)], width: R.width) { $0.cvtsi2ss(.xmm9, a) },
      TypedCall("cvttss2si", [.register(9), .vector(.xmm9)], width: R.width) { $0.cvttss2si(a, .xmm9) },
      TypedCall("cvttss2si", [.register(9), .memory(memory)], width: R.width) { $0.cvttss2si(a, memory) },
      TypedCall("cvtss2si", [.register(9), .vector(.xmm9)], width: R.width) { $0.cvtss2si(a, .xmm9) },
      TypedCall("cvtss2si", [.register(9), .memory(memory)], width: R.width) { $0.cvtss2si(a, memory) },
      TypedCall("cvtsi2sd", [.vector(.xmm9), .register(9)], width: R.width) { $0.cvtsi2sd(.xmm9, a) },
      TypedCall("cvttsd2si", [.register(9), .vector(.xmm9)], width: R.width) { $0.cvttsd2si(a, .xmm9) },
      TypedCall("cvttsd2si", [.register(9), .memory(memory)], width: R.width) { $0.cvttsd2si(a, memory) },
      TypedCall("cvtsd2si", [.register(9), .vector(.xmm9)], width: R.width) { $0.cvtsd2si(a, .xmm9) },
      TypedCall("cvtsd2si", [.register(9), .memory(memory)], width: R.width) { $0.cvtsd2si(a, memory) },
      TypedCall("movzx", [.register(9), .register(6)], width: R.width, form: .movzxRRm16) { $0.movzx(a, .si) },
      TypedCall("movzx", [.register(9), .memory(memory)], width: R.width, form: .movzxRRm16) {
        $0.movzx(a, .word, memory)
      },
      TypedCall("movsx", [.register(9), .register(6)], width: R.width, form: .movsxRRm16) { $0.movsx(a, .si) },
      TypedCall("movsx", [.register(9), .memory(memory)], width: R.width, form: .movsxRRm16) {
        $0.movsx(a, .word, memory)
      },
      TypedCall("movnti", [.memory(memory), .register(9)], width: R.width) { $0.movnti(memory, a) },
    ]
  }
}
