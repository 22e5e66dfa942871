import FtraceX86Assembler

/// General or vector registers, as bits.
struct RegisterSet: OptionSet, BitwiseCopyable {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }
  init(_ number: UInt8) { rawValue = 1 << UInt16(number) }

  var first: UInt8? { rawValue == 0 ? nil : UInt8(truncatingIfNeeded: rawValue.trailingZeroBitCount) }
}

/// What registers are for in compiled functions. Every call may change them all, but for those that callees preserve.
enum Registers {
  /// The instance's context, and the base of its memory.
  static let context = Reg64.r15
  static let memory = Reg64.r14
  /// Dead between instructions, and at sites.
  static let scratch = Reg64.r11
  /// Values on the operand stack: rax, rcx, rdx, rsi, rdi, r8; xmm0 to xmm7.
  static let general = RegisterSet(rawValue: 0b1_1100_0111)
  static let vectors = RegisterSet(rawValue: 0x00FF)
  /// The first choice for a new value: not those that shifts, divisions and results want.
  static let preferred = RegisterSet(rawValue: 0b1_1100_0000)
  /// Homes of locals that callees preserve: rbx, r12, r13.
  static let preserved: [UInt8] = [3, 12, 13]
  /// Homes of locals that are stored before calls, and loaded after: r9, r10; xmm8 to xmm13.
  static let lostGeneral: [UInt8] = [9, 10]
  static let lostVectors: [UInt8] = [8, 9, 10, 11, 12, 13]
  static let scratchVectors: (XMM, XMM) = (.xmm14, .xmm15)
}

extension UInt8 {
  var r64: Reg64 { Reg64(number: self) }
  var r32: Reg32 { Reg32(number: self) }
  var r8: Reg8 { Reg8(number: self) }
  var r16: Reg16 { Reg16(number: self) }
  var xmm: XMM { XMM(number: self) }
}
