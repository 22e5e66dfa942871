extension CodeArena {
  /// Gives out memory in the data region, zeroed, readable and writable until it is freed. O(1).
  ///
  /// - Parameters:
  ///   - bytes: more than zero; rounded up to 16.
  ///   - alignment: a power of two from 16 to 4096.
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)``; nothing was taken.
  public func allocateData(
    bytes: Int, alignment: Int = CodeArena.granule
  ) throws(CodeMemoryError) -> UnsafeMutableRawPointer {
    Self.check(bytes: bytes, alignment: alignment)
    return unsafe try data.allocate(bytes: bytes, alignment: alignment)
  }

  /// Frees what ``allocateData(bytes:alignment:)`` gave out. No code may refer to it any more: the caller has reclaimed that first.
  ///
  /// Long runs of pages go back to the kernel.
  public func freeData(_ pointer: UnsafeMutableRawPointer) { data.free(UInt(bitPattern: pointer)) }

  /// Gives out an 8-byte slot in the data region, zero, aligned to 8: a word that code loads or jumps through. O(1).
  ///
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)``; nothing was taken.
  public func allocateSlot() throws(CodeMemoryError) -> UnsafeMutablePointer<UInt> { unsafe try data.allocateSlot() }

  /// Frees a slot and zeroes it: a call through it faults. No code may use it any more: the caller has reclaimed that first.
  public func freeSlot(_ slot: UnsafeMutablePointer<UInt>) { data.freeSlot(UInt(bitPattern: slot)) }
}
