import CFtraceWasm
import FtraceX86Assembler

extension FunctionCompiler {
  // MARK: - Between floats

  mutating func convertFloat(to type: ValueType) {
    var operand = pop()
    let source = use(&operand).xmm
    let target = localTarget(type)
    let result = target?.register ?? (operand.kind == .register ? operand.register : takeVector())
    if type == .f32 { a.cvtsd2ss(result.xmm, source) } else { a.cvtss2sd(result.xmm, source) }
    finishOperation(type, result, target, operand, .constant(.i32, 0))
  }

  // MARK: - From integers

  mutating func convertInteger(_ from: ValueType, isSigned: Bool, to type: ValueType) {
    var operand = pop()
    let source = use(&operand)
    let result = takeVector().xmm
    a.xorps(result, result)  // the conversions keep what is above the result
    if from == .i32, isSigned {
      if type == .f32 { a.cvtsi2ss(result, source.r32) } else { a.cvtsi2sd(result, source.r32) }
    } else if from == .i32 || isSigned {
      // Upper halves of 32-bit values are zero.
      if type == .f32 { a.cvtsi2ss(result, source.r64) } else { a.cvtsi2sd(result, source.r64) }
    } else {
      convertUnsigned64(source, result, type)
    }
    release(operand)
    finish(type, in: result.number)
  }

  /// Numbers from 2^63 on are halved, the lost bit kept for the rounding, and doubled.
  private mutating func convertUnsigned64(_ source: UInt8, _ result: XMM, _ type: ValueType) {
    let (large, done) = (a.label(), a.label())
    let half = takeGeneral()
    a.test(source.r64, source.r64)
    a.j(.s, large)
    if type == .f32 { a.cvtsi2ss(result, source.r64) } else { a.cvtsi2sd(result, source.r64) }
    a.jmp(done)
    a.bind(large)
    a.mov(.r11, source.r64)
    a.mov(half.r64, source.r64)
    a.and(.r11d, 1)
    a.shr(half.r64, 1)
    a.or(half.r64, .r11)
    if type == .f32 { a.cvtsi2ss(result, half.r64) } else { a.cvtsi2sd(result, half.r64) }
    if type == .f32 { a.addss(result, result) } else { a.addsd(result, result) }
    a.bind(done)
    release(.register(.i64, half))
  }

  // MARK: - To integers

  /// Truncates a float towards zero: what has no such integer traps, or, saturating, becomes the nearest, and NaN zero.
  mutating func truncate(_ from: ValueType, to type: ValueType, isSigned: Bool, saturates: Bool) {
    var operand = pop()
    let source = use(&operand).xmm
    let result = takeGeneral()
    let (special, done) = (a.label(), a.label())
    let wide = result.r64
    func convert(_ register: XMM) {
      if from == .f32 { a.cvttss2si(wide, register) } else { a.cvttsd2si(wide, register) }
    }
    convert(source)
    switch (type, isSigned) {
    case (.i32, true):
      a.movsxd(.r11, result.r32)
      a.cmp(.r11, wide)
      a.j(.ne, special)
      a.mov(result.r32, result.r32)
    case (.i32, false):
      a.mov(.r11d, result.r32)
      a.cmp(.r11, wide)
      a.j(.ne, special)
    case (_, true):
      // The least number is also the answer for what has none.
      a.cmp(wide, 1)
      a.j(.o, special)
    default:
      a.test(wide, wide)
      a.j(.s, special)
    }
    a.jmp(done)
    a.bind(special)
    if type != .i32, !isSigned {
      // From 2^63 on: what is above it is converted, and its bit set. What is negative, too large, or no number is so after that too.
      let offset: UInt64 = from == .f32 ? 0x5F00_0000 : 0x43E0_0000_0000_0000
      let failed = a.label()
      loadConstant(from, 15, offset)
      if from == .f32 { a.ucomiss(source, .xmm15) } else { a.ucomisd(source, .xmm15) }
      a.j(.p, failed)
      a.j(.b, failed)
      if from == .f32 {
        a.movaps(.xmm14, source); a.subss(.xmm14, .xmm15)
      } else {
        a.movaps(.xmm14, source); a.subsd(.xmm14, .xmm15)
      }
      convert(.xmm14)
      a.test(wide, wide)
      a.j(.s, failed)
      a.mov(.r11, Int64.min)
      a.xor(wide, .r11)
      a.jmp(done)
      a.bind(failed)
    } else if type != .i32 {
      // -2^63 itself has an answer.
      loadConstant(from, 15, from == .f32 ? 0xDF00_0000 : 0xC3E0_0000_0000_0000)
      if from == .f32 { a.ucomiss(source, .xmm15) } else { a.ucomisd(source, .xmm15) }
      let other = a.label()
      a.j(.p, other)
      a.j(.e, done)
      a.bind(other)
    }
    failTruncation(from, source, type, result, isSigned: isSigned, saturates: saturates, done)
    a.bind(done)
    release(operand)
    finish(type, in: result)
  }

  /// What has no integer.
  private mutating func failTruncation(
    _ from: ValueType, _ source: XMM, _ type: ValueType, _ result: UInt8, isSigned: Bool, saturates: Bool, _ done: Label
  ) {
    if from == .f32 { a.ucomiss(source, source) } else { a.ucomisd(source, source) }
    guard saturates else {
      a.j(.p, trapLabel(FTRACE_WASM_TRAP_CONVERSION))
      a.jmp(trapLabel(FTRACE_WASM_TRAP_OVERFLOW))
      return
    }
    let isNumber = a.label()
    a.j(.np, isNumber)
    a.xor(result.r32, result.r32)
    a.jmp(done)
    a.bind(isNumber)
    a.xorps(.xmm15, .xmm15)
    if from == .f32 { a.ucomiss(source, .xmm15) } else { a.ucomisd(source, .xmm15) }
    let (least, greatest): (UInt64, UInt64) =
      switch (type, isSigned) {
      case (.i32, true): (0x8000_0000, 0x7FFF_FFFF)
      case (.i32, false): (0, 0xFFFF_FFFF)
      case (_, true): (1 << 63, UInt64(Int64.max))
      default: (0, .max)
      }
    loadConstant(type, result, least)
    a.j(.b, done)
    loadConstant(type, result, greatest)
  }

  // MARK: - Bits

  mutating func reinterpret(to type: ValueType) {
    var operand = pop()
    if let memory = memory(of: operand) {
      let target = target(type)
      load(type, target.register, memory)
      finish(target)
      return
    }
    let source = use(&operand)
    let result = take(type)
    switch type {
    case .i32: a.movd(result.r32, source.xmm)
    case .i64: a.movq(result.r64, source.xmm)
    case .f32: a.movd(result.xmm, source.r32)
    default: a.movq(result.xmm, source.r64)
    }
    release(operand)
    finish(type, in: result)
  }
}
