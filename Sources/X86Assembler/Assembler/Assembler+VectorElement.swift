/// Shifts of 16 bytes by a constant, and elements in and out.
extension Assembler {
  /// Shifts words left by so many bits.
  @inlinable
  public final func psllw(_ operand: XMM, _ count: UInt8) {
    emit(.psllwXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts dwords left by so many bits.
  @inlinable
  public final func pslld(_ operand: XMM, _ count: UInt8) {
    emit(.pslldXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts qwords left by so many bits.
  @inlinable
  public final func psllq(_ operand: XMM, _ count: UInt8) {
    emit(.psllqXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts words right by so many bits.
  @inlinable
  public final func psrlw(_ operand: XMM, _ count: UInt8) {
    emit(.psrlwXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts dwords right by so many bits.
  @inlinable
  public final func psrld(_ operand: XMM, _ count: UInt8) {
    emit(.psrldXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts qwords right by so many bits.
  @inlinable
  public final func psrlq(_ operand: XMM, _ count: UInt8) {
    emit(.psrlqXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts words right, with the sign by so many bits.
  @inlinable
  public final func psraw(_ operand: XMM, _ count: UInt8) {
    emit(.psrawXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts dwords right, with the sign by so many bits.
  @inlinable
  public final func psrad(_ operand: XMM, _ count: UInt8) {
    emit(.psradXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts all 16 bytes left by so many bytes.
  @inlinable
  public final func pslldq(_ operand: XMM, _ count: UInt8) {
    emit(.pslldqXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Shifts all 16 bytes right by so many bytes.
  @inlinable
  public final func psrldq(_ operand: XMM, _ count: UInt8) {
    emit(.psrldqXI8, .dword, reg: 0, rm: operand.number, immediate: Int64(count))
  }

  /// Inserts the low byte as the element `index`. SSE4.1.
  @inlinable
  public final func pinsrb(_ destination: XMM, _ source: Reg32, _ index: UInt8) {
    emit(.pinsrbXRm, .dword, reg: destination.number, rm: source.number, immediate: Int64(index))
  }

  /// Loads the element `index`. SSE4.1.
  @inlinable
  public final func pinsrb(_ destination: XMM, _ source: Mem, _ index: UInt8) {
    emit(.pinsrbXRm, .dword, reg: destination.number, memory: source, immediate: Int64(index))
  }

  /// Copies the element `index`, zero-extended. SSE4.1.
  @inlinable
  public final func pextrb(_ destination: Reg32, _ source: XMM, _ index: UInt8) {
    emit(.pextrbRmX, .dword, reg: source.number, rm: destination.number, immediate: Int64(index))
  }

  /// Stores the element `index`. SSE4.1.
  @inlinable
  public final func pextrb(_ destination: Mem, _ source: XMM, _ index: UInt8) {
    emit(.pextrbRmX, .dword, reg: source.number, memory: destination, immediate: Int64(index))
  }

  /// Inserts the low word as the element `index`.
  @inlinable
  public final func pinsrw(_ destination: XMM, _ source: Reg32, _ index: UInt8) {
    emit(.pinsrwXRm, .dword, reg: destination.number, rm: source.number, immediate: Int64(index))
  }

  /// Loads the element `index`.
  @inlinable
  public final func pinsrw(_ destination: XMM, _ source: Mem, _ index: UInt8) {
    emit(.pinsrwXRm, .dword, reg: destination.number, memory: source, immediate: Int64(index))
  }

  /// Copies the element `index`, zero-extended. SSE4.1.
  @inlinable
  public final func pextrw(_ destination: Reg32, _ source: XMM, _ index: UInt8) {
    emit(.pextrwRmX, .dword, reg: source.number, rm: destination.number, immediate: Int64(index))
  }

  /// Stores the element `index`. SSE4.1.
  @inlinable
  public final func pextrw(_ destination: Mem, _ source: XMM, _ index: UInt8) {
    emit(.pextrwRmX, .dword, reg: source.number, memory: destination, immediate: Int64(index))
  }

  /// Inserts a dword as the element `index`. SSE4.1.
  @inlinable
  public final func pinsrd(_ destination: XMM, _ source: Reg32, _ index: UInt8) {
    emit(.pinsrXRm, .dword, reg: destination.number, rm: source.number, immediate: Int64(index))
  }

  /// Loads the element `index`. SSE4.1.
  @inlinable
  public final func pinsrd(_ destination: XMM, _ source: Mem, _ index: UInt8) {
    emit(.pinsrXRm, .dword, reg: destination.number, memory: source, immediate: Int64(index))
  }

  /// Copies the element `index`. SSE4.1.
  @inlinable
  public final func pextrd(_ destination: Reg32, _ source: XMM, _ index: UInt8) {
    emit(.pextrRmX, .dword, reg: source.number, rm: destination.number, immediate: Int64(index))
  }

  /// Stores the element `index`. SSE4.1.
  @inlinable
  public final func pextrd(_ destination: Mem, _ source: XMM, _ index: UInt8) {
    emit(.pextrRmX, .dword, reg: source.number, memory: destination, immediate: Int64(index))
  }

  /// Inserts a qword as the element `index`. SSE4.1.
  @inlinable
  public final func pinsrq(_ destination: XMM, _ source: Reg64, _ index: UInt8) {
    emit(.pinsrXRm, .qword, reg: destination.number, rm: source.number, immediate: Int64(index))
  }

  /// Loads the element `index`. SSE4.1.
  @inlinable
  public final func pinsrq(_ destination: XMM, _ source: Mem, _ index: UInt8) {
    emit(.pinsrXRm, .qword, reg: destination.number, memory: source, immediate: Int64(index))
  }

  /// Copies the element `index`. SSE4.1.
  @inlinable
  public final func pextrq(_ destination: Reg64, _ source: XMM, _ index: UInt8) {
    emit(.pextrRmX, .qword, reg: source.number, rm: destination.number, immediate: Int64(index))
  }

  /// Stores the element `index`. SSE4.1.
  @inlinable
  public final func pextrq(_ destination: Mem, _ source: XMM, _ index: UInt8) {
    emit(.pextrRmX, .qword, reg: source.number, memory: destination, immediate: Int64(index))
  }
}
