/// Raw bytes, alignment and tables.
extension Assembler {
  /// Appends bytes as they are.
  public final func bytes(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe self.bytes($0) }
  }

  /// Appends bytes as they are.
  public final func bytes(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    if unsafe state.pointee.cursor + bytes.count > state.pointee.limit { unsafe state.pointee.grow(bytes.count) }
    // The room was made above; the source is another allocation.
    unsafe UnsafeMutableRawPointer(state.pointee.cursor).copyMemory(from: source, byteCount: bytes.count)
    unsafe state.pointee.cursor += bytes.count
  }

  /// Appends an integer, least significant byte first.
  public final func bytes<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    precondition(MemoryLayout<T>.size <= 16, "an integer of data has at most 16 bytes")
    var p = unsafe room()
    unsafe store(&p, value)
    unsafe advance(to: p)
  }

  /// Fills up to a multiple of `alignment` bytes from the start of the code with NOPs. The alignment is a power of two of at
  /// most 4096, and becomes the alignment that the code itself must be placed at; anything else traps.
  public final func align(_ alignment: Int) {
    precondition(
      alignment > 0 && alignment <= 4096 && alignment & (alignment - 1) == 0,
      "an alignment is a power of two of at most 4096")
    let start = offset
    let size = -start & (alignment - 1)
    nop(size)
    unsafe state.pointee.alignment = max(unsafe state.pointee.alignment, alignment)
    // With nothing before it that can change its size, the padding is final.
    if unsafe state.pointee.fragments.isEmpty { return }
    unsafe state.pointee.fragments.append(
      Fragment(
        offset: Int32(truncatingIfNeeded: start), size: Int32(size), kind: .alignment, condition: 0,
        operand: UInt32(alignment)))
  }

  /// `count` bytes that do nothing, in as few instructions as possible (Intel SDM volume 2, NOP, table 4-12).
  public final func nop(_ count: Int) {
    precondition(count >= 0, "the number of bytes is not negative")
    if unsafe state.pointee.cursor + count > state.pointee.limit { unsafe state.pointee.grow(count) }
    // The room was made above.
    unsafe Nop.fill(state.pointee.cursor, count)
    unsafe state.pointee.cursor += count
  }

  /// Four bytes that hold the distance from one label to another: an entry of a jump table.
  public final func distance(from base: Label, to label: Label) {
    check(base)
    check(label)
    let place = unsafe state.pointee.place
    bytes(UInt32(0))
    unsafe state.pointee.references.append(
      LabelReference(place: place, label: label.id, base: .label(base.id), addend: 0))
  }
}
