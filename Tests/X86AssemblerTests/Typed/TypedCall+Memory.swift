import FtraceX86Assembler

extension TypedCall {
  /// Instructions on memory of a stated width.
  static func memory<W: MemoryWidth>(_ width: W) -> [TypedCall] {
    let large = W.Register.Immediate.max / 3
    let memory = Self.memory
    return [
      TypedCall("add", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.add(width, memory, 5) },
      TypedCall("add", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.add(width, memory, large)
      },
      TypedCall("or", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.or(width, memory, 5) },
      TypedCall("or", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.or(width, memory, large)
      },
      TypedCall("adc", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.adc(width, memory, 5) },
      TypedCall("adc", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.adc(width, memory, large)
      },
      TypedCall("sbb", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.sbb(width, memory, 5) },
      TypedCall("sbb", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.sbb(width, memory, large)
      },
      TypedCall("and", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.and(width, memory, 5) },
      TypedCall("and", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.and(width, memory, large)
      },
      TypedCall("sub", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.sub(width, memory, 5) },
      TypedCall("sub", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.sub(width, memory, large)
      },
      TypedCall("xor", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.xor(width, memory, 5) },
      TypedCall("xor", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.xor(width, memory, large)
      },
      TypedCall("cmp", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.cmp(width, memory, 5) },
      TypedCall("cmp", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.cmp(width, memory, large)
      },
      TypedCall("test", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.test(width, memory, 5) },
      TypedCall("test", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.test(width, memory, large)
      },
      TypedCall("mov", [.memory(memory), .immediate(5)], width: W.Register.width) { $0.mov(width, memory, 5) },
      TypedCall("mov", [.memory(memory), .immediate(Int64(large))], width: W.Register.width) {
        $0.mov(width, memory, large)
      },
      TypedCall("inc", [.memory(memory)], width: W.Register.width) { $0.inc(width, memory) },
      TypedCall("dec", [.memory(memory)], width: W.Register.width) { $0.dec(width, memory) },
      TypedCall("not", [.memory(memory)], width: W.Register.width) { $0.not(width, memory) },
      TypedCall("neg", [.memory(memory)], width: W.Register.width) { $0.neg(width, memory) },
      TypedCall("mul", [.memory(memory)], width: W.Register.width) { $0.mul(width, memory) },
      TypedCall("imul", [.memory(memory)], width: W.Register.width) { $0.imul(width, memory) },
      TypedCall("div", [.memory(memory)], width: W.Register.width) { $0.div(width, memory) },
      TypedCall("idiv", [.memory(memory)], width: W.Register.width) { $0.idiv(width, memory) },
      TypedCall("rol", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.rol(width, memory, 3) },
      TypedCall("rol", [.memory(memory), .implied], width: W.Register.width) { $0.rol(width, memory, 1) },
      TypedCall("rol", [.memory(memory), .implied], width: W.Register.width) { $0.rol(width, memory, .cl) },
      TypedCall("ror", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.ror(width, memory, 3) },
      TypedCall("ror", [.memory(memory), .implied], width: W.Register.width) { $0.ror(width, memory, 1) },
      TypedCall("ror", [.memory(memory), .implied], width: W.Register.width) { $0.ror(width, memory, .cl) },
      TypedCall("rcl", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.rcl(width, memory, 3) },
      TypedCall("rcl", [.memory(memory), .implied], width: W.Register.width) { $0.rcl(width, memory, 1) },
      TypedCall("rcl", [.memory(memory), .implied], width: W.Register.width) { $0.rcl(width, memory, .cl) },
      TypedCall("rcr", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.rcr(width, memory, 3) },
      TypedCall("rcr", [.memory(memory), .implied], width: W.Register.width) { $0.rcr(width, memory, 1) },
      TypedCall("rcr", [.memory(memory), .implied], width: W.Register.width) { $0.rcr(width, memory, .cl) },
      TypedCall("shl", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.shl(width, memory, 3) },
      TypedCall("shl", [.memory(memory), .implied], width: W.Register.width) { $0.shl(width, memory, 1) },
      TypedCall("shl", [.memory(memory), .implied], width: W.Register.width) { $0.shl(width, memory, .cl) },
      TypedCall("shr", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.shr(width, memory, 3) },
      TypedCall("shr", [.memory(memory), .implied], width: W.Register.width) { $0.shr(width, memory, 1) },
      TypedCall("shr", [.memory(memory), .implied], width: W.Register.width) { $0.shr(width, memory, .cl) },
      TypedCall("sar", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.sar(width, memory, 3) },
      TypedCall("sar", [.memory(memory), .implied], width: W.Register.width) { $0.sar(width, memory, 1) },
      TypedCall("sar", [.memory(memory), .implied], width: W.Register.width) { $0.sar(width, memory, .cl) },
      TypedCall("add", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.add(width, memory, 5)
      },
      TypedCall("add", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.add(width, memory, large)
      },
      TypedCall("or", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.or(width, memory, 5)
      },
      TypedCall("or", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.or(width, memory, large)
      },
      TypedCall("adc", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.adc(width, memory, 5)
      },
      TypedCall("adc", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.adc(width, memory, large)
      },
      TypedCall("sbb", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.sbb(width, memory, 5)
      },
      TypedCall("sbb", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.sbb(width, memory, large)
      },
      TypedCall("and", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.and(width, memory, 5)
      },
      TypedCall("and", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.and(width, memory, large)
      },
      TypedCall("sub", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.sub(width, memory, 5)
      },
      TypedCall("sub", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.sub(width, memory, large)
      },
      TypedCall("xor", [.memory(memory), .immediate(5)], width: W.Register.width, locked: true) {
        $0.lock.xor(width, memory, 5)
      },
      TypedCall("xor", [.memory(memory), .immediate(Int64(large))], width: W.Register.width, locked: true) {
        $0.lock.xor(width, memory, large)
      },
      TypedCall("inc", [.memory(memory)], width: W.Register.width, locked: true) { $0.lock.inc(width, memory) },
      TypedCall("dec", [.memory(memory)], width: W.Register.width, locked: true) { $0.lock.dec(width, memory) },
      TypedCall("not", [.memory(memory)], width: W.Register.width, locked: true) { $0.lock.not(width, memory) },
      TypedCall("neg", [.memory(memory)], width: W.Register.width, locked: true) { $0.lock.neg(width, memory) },
    ]
  }

  /// Instructions on memory of 16 bits or more.
  static func wideMemory<W: WideMemoryWidth>(_ width: W) -> [TypedCall] where W.Register: WideRegister {
    let memory = Self.memory
    return [
      TypedCall("bt", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.bt(width, memory, 3) },
      TypedCall("bts", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.bts(width, memory, 3) },
      TypedCall("btr", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.btr(width, memory, 3) },
      TypedCall("btc", [.memory(memory), .immediate(3)], width: W.Register.width) { $0.btc(width, memory, 3) },
      TypedCall("bts", [.memory(memory), .immediate(3)], width: W.Register.width, locked: true) {
        $0.lock.bts(width, memory, 3)
      },
      TypedCall("btr", [.memory(memory), .immediate(3)], width: W.Register.width, locked: true) {
        $0.lock.btr(width, memory, 3)
      },
      TypedCall("btc", [.memory(memory), .immediate(3)], width: W.Register.width, locked: true) {
        $0.lock.btc(width, memory, 3)
      },
    ]
  }

  /// Instructions on memory of 32 or 64 bits.
  static func longMemory<W: LongMemoryWidth>(_ width: W) -> [TypedCall] {
    let memory = Self.memory
    return [
      TypedCall("cvtsi2ss", [.vector(.xmm9), .memory(memory)], width: W.Register.width) {
        $0.cvtsi2ss(.xmm9, width, memory)
      },
      TypedCall("cvtsi2sd", [.vector(.xmm9), .memory(memory)], width: W.Register.width) {
        $0.cvtsi2sd(.xmm9, width, memory)
      },
    ]
  }
}
