import FtraceX86Assembler
import Testing

/// Moves of vectors, bitwise operations and integers in vectors.
@Suite("Execution: vectors")
struct VectorExecutionTests {
  private static let low: UInt64 = 0x0123_4567_89AB_CDEF
  private static let high: UInt64 = 0xFEDC_BA98_7654_3210

  /// Runs code between loads of two vectors (slots 0-1 and 2-3) into `xmm7` and `xmm8` and a store of `xmm7` to slots 4-5.
  private func result(
    _ left: (UInt64, UInt64) = (low, high), _ right: (UInt64, UInt64) = (0xFF00_FF00_0F0F_0F0F, 0x8000_0000_0000_0001),
    _ emit: (Assembler) -> Void
  ) throws -> (UInt64, UInt64) {
    let machine = try Machine { a in
      a.movups(.xmm7, .slot(0))
      a.movdqu(.xmm8, .slot(2))
      emit(a)
      a.movupd(.slot(4), .xmm7)
    }
    let slots = machine.run([left.0, left.1, right.0, right.1, 0, 0])
    return (slots[4], slots[5])
  }

  @Test("full-width moves between registers and memory")
  func moves() throws {
    let (x, y) = (XMM.xmm7, XMM.xmm8)
    let right: (UInt64, UInt64) = (0xFF00_FF00_0F0F_0F0F, 0x8000_0000_0000_0001)
    #expect(try result { $0.movaps(x, y) } == right)
    #expect(try result { $0.movapd(x, y) } == right)
    #expect(try result { $0.movdqa(x, y) } == right)
    #expect(try result { $0.movups(x, .slot(2)) } == right)
    #expect(try result { $0.movdqu(x, .slot(2)) } == right)
    // The stack is aligned, less the return address.
    let aligned = try result { a in
      a.sub(.rsp, 24)
      a.movaps(.base(.rsp), y)
      a.movapd(.xmm9, .base(.rsp))
      a.movdqa(.base(.rsp), .xmm9)
      a.movdqa(x, .base(.rsp))
      a.movntdq(.base(.rsp), y)
      a.add(.rsp, 24)
    }
    #expect(aligned == right)
  }

  @Test("scalar moves keep or clear the rest")
  func scalars() throws {
    let (x, y) = (XMM.xmm7, XMM.xmm8)
    #expect(try result { $0.movsd(x, y) } == (0xFF00_FF00_0F0F_0F0F, Self.high))
    #expect(try result { $0.movss(x, y) } == (0x0123_4567_0F0F_0F0F, Self.high))
    #expect(try result { $0.movsd(x, .slot(2)) } == (0xFF00_FF00_0F0F_0F0F, 0))
    #expect(try result { $0.movss(x, .slot(2)) } == (0x0F0F_0F0F, 0))
    #expect(try result { $0.movq(x, y) } == (0xFF00_FF00_0F0F_0F0F, 0))
    #expect(try result { $0.movq(x, .slot(3)) } == (0x8000_0000_0000_0001, 0))
    #expect(try result { $0.movd(x, .slot(2)) } == (0x0F0F_0F0F, 0))
    let general = try result { a in
      a.mov(.r9, .slot(3))
      a.movq(x, .r9)
      a.movq(.rax, x)
      a.movd(y, .eax)
      a.movd(.r10d, y)
      a.movq(.xmm1, .r10)
      a.movlhps(x, .xmm1)
    }
    #expect(general == (0x8000_0000_0000_0001, 1))
    #expect(try result { $0.movlpd(x, .slot(3)) } == (0x8000_0000_0000_0001, Self.high))
    #expect(try result { $0.movhps(x, .slot(3)) } == (Self.low, 0x8000_0000_0000_0001))
    #expect(try result { $0.movhlps(x, y) } == (0x8000_0000_0000_0001, Self.high))
    #expect(try result { $0.movddup(x, .slot(3)) } == (0x8000_0000_0000_0001, 0x8000_0000_0000_0001))
  }

  @Test("bitwise operations")
  func bitwise() throws {
    let (x, y) = (XMM.xmm7, XMM.xmm8)
    let right: (UInt64, UInt64) = (0xFF00_FF00_0F0F_0F0F, 0x8000_0000_0000_0001)
    let (a, b) = ([Self.low, Self.high], [right.0, right.1])
    let and = (a[0] & b[0], a[1] & b[1])
    let or = (a[0] | b[0], a[1] | b[1])
    let xor = (a[0] ^ b[0], a[1] ^ b[1])
    let andn = (~a[0] & b[0], ~a[1] & b[1])
    for emit in [{ $0.andps(x, y) }, { $0.andpd(x, y) }, { $0.pand(x, y) }] as [(Assembler) -> Void] {
      #expect(try result((Self.low, Self.high), right, emit) == and)
    }
    for emit in [{ $0.orps(x, y) }, { $0.orpd(x, y) }, { $0.por(x, y) }] as [(Assembler) -> Void] {
      #expect(try result((Self.low, Self.high), right, emit) == or)
    }
    for emit in [{ $0.xorps(x, y) }, { $0.xorpd(x, y) }, { $0.pxor(x, y) }] as [(Assembler) -> Void] {
      #expect(try result((Self.low, Self.high), right, emit) == xor)
    }
    for emit in [{ $0.andnps(x, y) }, { $0.andnpd(x, y) }, { $0.pandn(x, y) }] as [(Assembler) -> Void] {
      #expect(try result((Self.low, Self.high), right, emit) == andn)
    }
  }

  @Test("integers: add, subtract, compare, multiply, shift, shuffle")
  func integers() throws {
    let (x, y) = (XMM.xmm7, XMM.xmm8)
    let right: (UInt64, UInt64) = (0xFF00_FF00_0F0F_0F0F, 0x8000_0000_0000_0001)
    #expect(try result { $0.paddq(x, y) } == (Self.low &+ right.0, Self.high &+ right.1))
    #expect(try result { $0.psubq(x, y) } == (Self.low &- right.0, Self.high &- right.1))
    #expect(try result { $0.psllq(x, 4) } == (Self.low << 4, Self.high << 4))
    #expect(try result { $0.psrlq(x, 60) } == (Self.low >> 60, Self.high >> 60))
    #expect(try result { $0.pslldq(x, 8) } == (0, Self.low))
    #expect(try result { $0.psrldq(x, 8) } == (Self.high, 0))
    #expect(try result { $0.pshufd(x, x, 0x4E) } == (Self.high, Self.low))
    #expect(try result { $0.punpcklqdq(x, y) } == (Self.low, right.0))
    #expect(try result { $0.punpckhqdq(x, y) } == (Self.high, right.1))
    #expect(try result { $0.pcmpeqd(x, x) } == (.max, .max))
    #expect(try result { $0.pcmpgtd(x, x) } == (0, 0))
    let product = (Self.low & 0xFFFF_FFFF) * (right.0 & 0xFFFF_FFFF)
    #expect(try result { $0.pmuludq(x, y) }.0 == product)
    #expect(try result { $0.pmulld(x, y) }.1 & 0xFFFF_FFFF == Self.high & 0xFFFF_FFFF)
    let elements = try result { a in
      a.pextrq(.rax, x, 1)
      a.pinsrq(x, .rax, 0)
      a.pextrd(.ecx, y, 3)
      a.pinsrd(x, .ecx, 2)
      a.pextrb(.edx, y, 15)
      a.pinsrb(x, .edx, 15)
    }
    #expect(elements == (Self.high, Self.high & 0x00FF_FFFF_0000_0000 | 0x8000_0000 | 0x8000_0000_0000_0000))
    let masks = try result { a in
      a.movmskpd(.eax, y)
      a.pmovmskb(.ecx, y)
      a.shl(.rcx, 32)
      a.or(.rax, .rcx)
      a.movq(x, .rax)
    }
    #expect(masks.0 == 0x80A0_0000_0003)
  }

  @Test("packed arithmetic and conversions")
  func packed() throws {
    let (x, y) = (XMM.xmm7, XMM.xmm8)
    let left = (Double(1.5).bitPattern, Double(-2).bitPattern)
    let right = (Double(4).bitPattern, Double(0.25).bitPattern)
    #expect(try result(left, right) { $0.addpd(x, y) } == (Double(5.5).bitPattern, Double(-1.75).bitPattern))
    #expect(try result(left, right) { $0.mulpd(x, y) } == (Double(6).bitPattern, Double(-0.5).bitPattern))
    #expect(try result(left, right) { $0.sqrtpd(x, y) } == (Double(2).bitPattern, Double(0.5).bitPattern))
    #expect(try result(left, right) { $0.cmppd(x, y, .less) } == (.max, .max))
    #expect(try result(left, right) { $0.shufpd(x, y, 1) } == (left.1, right.0))
    #expect(try result(left, right) { $0.unpckhpd(x, y) } == (left.1, right.1))
    let narrow = try result(left, right) { a in
      a.cvtpd2ps(x, x)
      a.cvtps2pd(x, x)
      a.roundpd(x, x, .down)
      a.cvttpd2dq(x, x)
      a.cvtdq2pd(x, x)
    }
    #expect(narrow == (Double(1).bitPattern, Double(-2).bitPattern))
  }

  @Test("control and status")
  func status() throws {
    let machine = try Machine { a in
      a.stmxcsr(.slot(0))
      a.mov(.eax, .slot(0))
      // Round up, then as before.
      a.or(.eax, 0x4000)
      a.mov(.slot(1), .eax)
      a.ldmxcsr(.slot(1))
      a.movsd(.xmm0, .slot(2))
      a.cvtsd2si(.rax, .xmm0)
      a.mov(.slot(3), .rax)
      a.ldmxcsr(.slot(0))
    }
    #expect(machine.run([0, 0, Double(1.25).bitPattern, 0])[3] == 2)
  }
}
