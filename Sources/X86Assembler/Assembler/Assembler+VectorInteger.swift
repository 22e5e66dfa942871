/// Integer operations on 16 bytes; memory operands are aligned.
extension Assembler {
  /// Ands 16 bytes.
  @inlinable
  public final func pand(_ destination: XMM, _ source: XMM) {
    emit(.pandXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ands 16 bytes.
  @inlinable
  public final func pand(_ destination: XMM, _ source: Mem) {
    emit(.pandXXm, .dword, reg: destination.number, memory: source)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func pandn(_ destination: XMM, _ source: XMM) {
    emit(.pandnXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Inverts the destination, then ands 16 bytes.
  @inlinable
  public final func pandn(_ destination: XMM, _ source: Mem) {
    emit(.pandnXXm, .dword, reg: destination.number, memory: source)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func por(_ destination: XMM, _ source: XMM) {
    emit(.porXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Ors 16 bytes.
  @inlinable
  public final func por(_ destination: XMM, _ source: Mem) {
    emit(.porXXm, .dword, reg: destination.number, memory: source)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func pxor(_ destination: XMM, _ source: XMM) {
    emit(.pxorXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Exclusive-ors 16 bytes.
  @inlinable
  public final func pxor(_ destination: XMM, _ source: Mem) {
    emit(.pxorXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds bytes.
  @inlinable
  public final func paddb(_ destination: XMM, _ source: XMM) {
    emit(.paddbXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds bytes.
  @inlinable
  public final func paddb(_ destination: XMM, _ source: Mem) {
    emit(.paddbXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds words.
  @inlinable
  public final func paddw(_ destination: XMM, _ source: XMM) {
    emit(.paddwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds words.
  @inlinable
  public final func paddw(_ destination: XMM, _ source: Mem) {
    emit(.paddwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds dwords.
  @inlinable
  public final func paddd(_ destination: XMM, _ source: XMM) {
    emit(.padddXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds dwords.
  @inlinable
  public final func paddd(_ destination: XMM, _ source: Mem) {
    emit(.padddXXm, .dword, reg: destination.number, memory: source)
  }

  /// Adds qwords.
  @inlinable
  public final func paddq(_ destination: XMM, _ source: XMM) {
    emit(.paddqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Adds qwords.
  @inlinable
  public final func paddq(_ destination: XMM, _ source: Mem) {
    emit(.paddqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts bytes.
  @inlinable
  public final func psubb(_ destination: XMM, _ source: XMM) {
    emit(.psubbXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts bytes.
  @inlinable
  public final func psubb(_ destination: XMM, _ source: Mem) {
    emit(.psubbXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts words.
  @inlinable
  public final func psubw(_ destination: XMM, _ source: XMM) {
    emit(.psubwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts words.
  @inlinable
  public final func psubw(_ destination: XMM, _ source: Mem) {
    emit(.psubwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts dwords.
  @inlinable
  public final func psubd(_ destination: XMM, _ source: XMM) {
    emit(.psubdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts dwords.
  @inlinable
  public final func psubd(_ destination: XMM, _ source: Mem) {
    emit(.psubdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Subtracts qwords.
  @inlinable
  public final func psubq(_ destination: XMM, _ source: XMM) {
    emit(.psubqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Subtracts qwords.
  @inlinable
  public final func psubq(_ destination: XMM, _ source: Mem) {
    emit(.psubqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for equality bytes.
  @inlinable
  public final func pcmpeqb(_ destination: XMM, _ source: XMM) {
    emit(.pcmpeqbXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for equality bytes.
  @inlinable
  public final func pcmpeqb(_ destination: XMM, _ source: Mem) {
    emit(.pcmpeqbXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for equality words.
  @inlinable
  public final func pcmpeqw(_ destination: XMM, _ source: XMM) {
    emit(.pcmpeqwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for equality words.
  @inlinable
  public final func pcmpeqw(_ destination: XMM, _ source: Mem) {
    emit(.pcmpeqwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for equality dwords.
  @inlinable
  public final func pcmpeqd(_ destination: XMM, _ source: XMM) {
    emit(.pcmpeqdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for equality dwords.
  @inlinable
  public final func pcmpeqd(_ destination: XMM, _ source: Mem) {
    emit(.pcmpeqdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for equality qwords. SSE4.1.
  @inlinable
  public final func pcmpeqq(_ destination: XMM, _ source: XMM) {
    emit(.pcmpeqqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for equality qwords. SSE4.1.
  @inlinable
  public final func pcmpeqq(_ destination: XMM, _ source: Mem) {
    emit(.pcmpeqqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for signed greater: bytes.
  @inlinable
  public final func pcmpgtb(_ destination: XMM, _ source: XMM) {
    emit(.pcmpgtbXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for signed greater: bytes.
  @inlinable
  public final func pcmpgtb(_ destination: XMM, _ source: Mem) {
    emit(.pcmpgtbXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for signed greater: words.
  @inlinable
  public final func pcmpgtw(_ destination: XMM, _ source: XMM) {
    emit(.pcmpgtwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for signed greater: words.
  @inlinable
  public final func pcmpgtw(_ destination: XMM, _ source: Mem) {
    emit(.pcmpgtwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Compares for signed greater: dwords.
  @inlinable
  public final func pcmpgtd(_ destination: XMM, _ source: XMM) {
    emit(.pcmpgtdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Compares for signed greater: dwords.
  @inlinable
  public final func pcmpgtd(_ destination: XMM, _ source: Mem) {
    emit(.pcmpgtdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies the low dwords of both halves to qwords.
  @inlinable
  public final func pmuludq(_ destination: XMM, _ source: XMM) {
    emit(.pmuludqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies the low dwords of both halves to qwords.
  @inlinable
  public final func pmuludq(_ destination: XMM, _ source: Mem) {
    emit(.pmuludqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies, keeping the low halves, words.
  @inlinable
  public final func pmullw(_ destination: XMM, _ source: XMM) {
    emit(.pmullwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies, keeping the low halves, words.
  @inlinable
  public final func pmullw(_ destination: XMM, _ source: Mem) {
    emit(.pmullwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Multiplies, keeping the low halves, dwords. SSE4.1.
  @inlinable
  public final func pmulld(_ destination: XMM, _ source: XMM) {
    emit(.pmulldXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Multiplies, keeping the low halves, dwords. SSE4.1.
  @inlinable
  public final func pmulld(_ destination: XMM, _ source: Mem) {
    emit(.pmulldXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of unsigned bytes.
  @inlinable
  public final func pminub(_ destination: XMM, _ source: XMM) {
    emit(.pminubXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of unsigned bytes.
  @inlinable
  public final func pminub(_ destination: XMM, _ source: Mem) {
    emit(.pminubXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of unsigned bytes.
  @inlinable
  public final func pmaxub(_ destination: XMM, _ source: XMM) {
    emit(.pmaxubXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of unsigned bytes.
  @inlinable
  public final func pmaxub(_ destination: XMM, _ source: Mem) {
    emit(.pmaxubXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of signed dwords. SSE4.1.
  @inlinable
  public final func pminsd(_ destination: XMM, _ source: XMM) {
    emit(.pminsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of signed dwords. SSE4.1.
  @inlinable
  public final func pminsd(_ destination: XMM, _ source: Mem) {
    emit(.pminsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// The smaller of unsigned dwords. SSE4.1.
  @inlinable
  public final func pminud(_ destination: XMM, _ source: XMM) {
    emit(.pminudXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The smaller of unsigned dwords. SSE4.1.
  @inlinable
  public final func pminud(_ destination: XMM, _ source: Mem) {
    emit(.pminudXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of signed dwords. SSE4.1.
  @inlinable
  public final func pmaxsd(_ destination: XMM, _ source: XMM) {
    emit(.pmaxsdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of signed dwords. SSE4.1.
  @inlinable
  public final func pmaxsd(_ destination: XMM, _ source: Mem) {
    emit(.pmaxsdXXm, .dword, reg: destination.number, memory: source)
  }

  /// The larger of unsigned dwords. SSE4.1.
  @inlinable
  public final func pmaxud(_ destination: XMM, _ source: XMM) {
    emit(.pmaxudXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// The larger of unsigned dwords. SSE4.1.
  @inlinable
  public final func pmaxud(_ destination: XMM, _ source: Mem) {
    emit(.pmaxudXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the low bytes.
  @inlinable
  public final func punpcklbw(_ destination: XMM, _ source: XMM) {
    emit(.punpcklbwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low bytes.
  @inlinable
  public final func punpcklbw(_ destination: XMM, _ source: Mem) {
    emit(.punpcklbwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the low words.
  @inlinable
  public final func punpcklwd(_ destination: XMM, _ source: XMM) {
    emit(.punpcklwdXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low words.
  @inlinable
  public final func punpcklwd(_ destination: XMM, _ source: Mem) {
    emit(.punpcklwdXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the low dwords.
  @inlinable
  public final func punpckldq(_ destination: XMM, _ source: XMM) {
    emit(.punpckldqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low dwords.
  @inlinable
  public final func punpckldq(_ destination: XMM, _ source: Mem) {
    emit(.punpckldqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the low qwords.
  @inlinable
  public final func punpcklqdq(_ destination: XMM, _ source: XMM) {
    emit(.punpcklqdqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the low qwords.
  @inlinable
  public final func punpcklqdq(_ destination: XMM, _ source: Mem) {
    emit(.punpcklqdqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Interleaves the high qwords.
  @inlinable
  public final func punpckhqdq(_ destination: XMM, _ source: XMM) {
    emit(.punpckhqdqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Interleaves the high qwords.
  @inlinable
  public final func punpckhqdq(_ destination: XMM, _ source: Mem) {
    emit(.punpckhqdqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts words left by the low qword of the source.
  @inlinable
  public final func psllw(_ destination: XMM, _ source: XMM) {
    emit(.psllwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts words left by the low qword of the source.
  @inlinable
  public final func psllw(_ destination: XMM, _ source: Mem) {
    emit(.psllwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts dwords left by the low qword of the source.
  @inlinable
  public final func pslld(_ destination: XMM, _ source: XMM) {
    emit(.pslldXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts dwords left by the low qword of the source.
  @inlinable
  public final func pslld(_ destination: XMM, _ source: Mem) {
    emit(.pslldXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts qwords left by the low qword of the source.
  @inlinable
  public final func psllq(_ destination: XMM, _ source: XMM) {
    emit(.psllqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts qwords left by the low qword of the source.
  @inlinable
  public final func psllq(_ destination: XMM, _ source: Mem) {
    emit(.psllqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts words right by the low qword of the source.
  @inlinable
  public final func psrlw(_ destination: XMM, _ source: XMM) {
    emit(.psrlwXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts words right by the low qword of the source.
  @inlinable
  public final func psrlw(_ destination: XMM, _ source: Mem) {
    emit(.psrlwXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts dwords right by the low qword of the source.
  @inlinable
  public final func psrld(_ destination: XMM, _ source: XMM) {
    emit(.psrldXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts dwords right by the low qword of the source.
  @inlinable
  public final func psrld(_ destination: XMM, _ source: Mem) {
    emit(.psrldXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts qwords right by the low qword of the source.
  @inlinable
  public final func psrlq(_ destination: XMM, _ source: XMM) {
    emit(.psrlqXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts qwords right by the low qword of the source.
  @inlinable
  public final func psrlq(_ destination: XMM, _ source: Mem) {
    emit(.psrlqXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts words right, with the sign by the low qword of the source.
  @inlinable
  public final func psraw(_ destination: XMM, _ source: XMM) {
    emit(.psrawXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts words right, with the sign by the low qword of the source.
  @inlinable
  public final func psraw(_ destination: XMM, _ source: Mem) {
    emit(.psrawXXm, .dword, reg: destination.number, memory: source)
  }

  /// Shifts dwords right, with the sign by the low qword of the source.
  @inlinable
  public final func psrad(_ destination: XMM, _ source: XMM) {
    emit(.psradXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Shifts dwords right, with the sign by the low qword of the source.
  @inlinable
  public final func psrad(_ destination: XMM, _ source: Mem) {
    emit(.psradXXm, .dword, reg: destination.number, memory: source)
  }

  /// Selects bytes by the low four bits of each source byte; bit 7 clears. SSSE3.
  @inlinable
  public final func pshufb(_ destination: XMM, _ source: XMM) {
    emit(.pshufbXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Selects bytes by the low four bits of each source byte; bit 7 clears. SSSE3.
  @inlinable
  public final func pshufb(_ destination: XMM, _ source: Mem) {
    emit(.pshufbXXm, .dword, reg: destination.number, memory: source)
  }

  /// Sets ZF if no bit is in common, CF if all of the source's are in the destination. SSE4.1.
  @inlinable
  public final func ptest(_ destination: XMM, _ source: XMM) {
    emit(.ptestXXm, .dword, reg: destination.number, rm: source.number)
  }

  /// Sets ZF if no bit is in common, CF if all of the source's are in the destination. SSE4.1.
  @inlinable
  public final func ptest(_ destination: XMM, _ source: Mem) {
    emit(.ptestXXm, .dword, reg: destination.number, memory: source)
  }

  /// Selects four dwords, by two bits each.
  @inlinable
  public final func pshufd(_ destination: XMM, _ source: XMM, _ selector: UInt8) {
    emit(.pshufdXXm, .dword, reg: destination.number, rm: source.number, immediate: Int64(selector))
  }

  /// Selects four dwords, by two bits each.
  @inlinable
  public final func pshufd(_ destination: XMM, _ source: Mem, _ selector: UInt8) {
    emit(.pshufdXXm, .dword, reg: destination.number, memory: source, immediate: Int64(selector))
  }
}
