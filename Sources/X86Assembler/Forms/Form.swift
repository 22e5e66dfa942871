/// The instruction forms: each case is a row of `Form.table`, and its raw value is the row's index.
///
/// A name is the mnemonic and its operands: `R` a register, `Rm` a register or memory, `M` memory, `X` a vector register,
/// `Xm` a vector register or memory, `I`, `I8`, `I16` an immediate, `Acc` the accumulator, `Rel` a branch displacement.
@frozen
public enum Form: UInt16, CaseIterable, Hashable, Sendable {
  // Arithmetic and logic
  case addRmR, addRRm, addRmI8, addAccI, addRmI, orRmR, orRRm, orRmI8, orAccI, orRmI
  case adcRmR, adcRRm, adcRmI8, adcAccI, adcRmI, sbbRmR, sbbRRm, sbbRmI8, sbbAccI, sbbRmI
  case andRmR, andRRm, andRmI8, andAccI, andRmI, subRmR, subRRm, subRmI8, subAccI, subRmI
  case xorRmR, xorRRm, xorRmI8, xorAccI, xorRmI, cmpRmR, cmpRRm, cmpRmI8, cmpAccI, cmpRmI, testRmR, testAccI, testRmI
  case incRm, decRm, notRm, negRm, mulRm, imulRm, divRm, idivRm, imulRRm, imulRRmI8, imulRRmI
  // Shifts, rotates, bit tests and counts
  case rolRm1, rolRmI8, rolRmCL, rorRm1, rorRmI8, rorRmCL, rclRm1, rclRmI8, rclRmCL, rcrRm1, rcrRmI8, rcrRmCL
  case shlRm1, shlRmI8, shlRmCL, shrRm1, shrRmI8, shrRmCL, sarRm1, sarRmI8, sarRmCL, shldRmRI8, shldRmRCL
  case shrdRmRI8, shrdRmRCL, btRmR, btRmI8, btsRmR, btsRmI8, btrRmR, btrRmI8, btcRmR, btcRmI8, bsfRRm, bsrRRm
  case popcntRRm, lzcntRRm, tzcntRRm, bswapR
  // Moves, exchanges, the stack
  case movRmR, movRRm, movRmI, movRI8, movRI, movabsRI, movzxRRm8, movzxRRm16, movsxRRm8, movsxRRm16, movsxdRRm32
  case leaRM, xchgRmR, xchgAccR, cmpxchgRmR, xaddRmR, cmpxchg8bM, cmpxchg16bM, cmovRRm, setRm8, pushR, popR, pushRm
  case popRm, pushI8, pushI
  // Control flow, flags, the system
  case jmpRel8, jmpRel32, callRel32, jccRel8, jccRel32, jrcxzRel8, callRm, jmpRm, retI16, ret, leave, int3, ud2, hlt
  case nop, pause, cbw, cwde, cdqe, cwd, cdq, cqo, pushfq, popfq, sahf, lahf, clc, stc, cmc, cld, std, rdtsc, rdtscp
  case cpuid, xgetbv, lfence, mfence, sfence, syscall, iretq, repMovsb, repMovsq, repStosb, repStosq, lockPrefix, nopM
  case fxsaveM, fxrstorM, ldmxcsrM, stmxcsrM, xsave64M, xrstor64M, xsavec64M, prefetchntaM, prefetcht0M, clflushM
  // Vector moves
  case movssXXm, movssXmX, movsdXXm, movsdXmX, movupsXXm, movupsXmX, movupdXXm, movupdXmX, movapsXXm, movapsXmX
  case movapdXXm, movapdXmX, movdquXXm, movdquXmX, movdqaXXm, movdqaXmX, movdXRm, movdRmX
  case movqXRm, movqRmX, movqXXm, movqXmX, movlpsXM, movlpsMX, movhpsXM, movhpsMX, movlpdXM, movlpdMX
  case movhpdXM, movhpdMX, movhlpsXX, movlhpsXX, movddupXXm, movntdqMX, movntiMR, movmskpsRX, movmskpdRX, pmovmskbRX
  // Vector arithmetic, comparison, conversion
  case addssXXm, addsdXXm, addpsXXm, addpdXXm, mulssXXm, mulsdXXm, mulpsXXm, mulpdXXm, subssXXm, subsdXXm, subpsXXm
  case subpdXXm, minssXXm, minsdXXm, minpsXXm, minpdXXm, divssXXm, divsdXXm, divpsXXm, divpdXXm, maxssXXm, maxsdXXm
  case maxpsXXm, maxpdXXm, sqrtssXXm, sqrtsdXXm, sqrtpsXXm, sqrtpdXXm, andpsXXm, andpdXXm, andnpsXXm, andnpdXXm
  case orpsXXm, orpdXXm, xorpsXXm, xorpdXXm, unpcklpsXXm, unpcklpdXXm, unpckhpsXXm, unpckhpdXXm, ucomissXXm, ucomisdXXm
  case comissXXm, comisdXXm, cmpssXXm, cmpsdXXm, cmppsXXm, cmppdXXm, shufpsXXm, shufpdXXm, cvtss2sdXXm, cvtsd2ssXXm
  case cvtps2pdXXm, cvtpd2psXXm, cvtdq2psXXm, cvtps2dqXXm, cvttps2dqXXm, cvtdq2pdXXm, cvtpd2dqXXm, cvttpd2dqXXm
  case cvtsi2ssXRm, cvttss2siRXm, cvtss2siRXm, cvtsi2sdXRm, cvttsd2siRXm, cvtsd2siRXm, roundssXXm, roundsdXXm
  case roundpsXXm, roundpdXXm, pandXXm, pandnXXm, porXXm, pxorXXm, paddbXXm, paddwXXm, padddXXm, paddqXXm, psubbXXm
  case psubwXXm, psubdXXm, psubqXXm, pcmpeqbXXm, pcmpeqwXXm, pcmpeqdXXm, pcmpgtbXXm, pcmpgtwXXm, pcmpgtdXXm, pmuludqXXm
  case pmullwXXm, pminubXXm, pmaxubXXm, punpcklbwXXm, punpcklwdXXm, punpckldqXXm, punpcklqdqXXm, punpckhqdqXXm
  case psllwXXm, pslldXXm, psllqXXm, psrlwXXm, psrldXXm, psrlqXXm, psrawXXm, psradXXm, pshufbXXm, ptestXXm, pmulldXXm
  case pcmpeqqXXm, pminsdXXm, pminudXXm, pmaxsdXXm, pmaxudXXm, psllwXI8, pslldXI8, psllqXI8, psrlwXI8, psrldXI8
  case psrlqXI8, psrawXI8, psradXI8, pslldqXI8, psrldqXI8, pshufdXXm, pinsrwXRm, pinsrbXRm, pinsrXRm, pextrbRmX
  case pextrwRmX, pextrRmX, insertpsXXm, extractpsRmX
}
