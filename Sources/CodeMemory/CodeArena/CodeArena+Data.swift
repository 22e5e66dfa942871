import FtracePlatform

extension CodeArena {
  /// Gives out memory in the data region, zeroed, readable and writable for as long as it is not freed. O(1).
  ///
  /// - Parameters:
  ///   - bytes: more than zero; rounded up to 16.
  ///   - alignment: a power of two from 16 to 4096.
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)``; nothing was taken.
  public func allocateData(
    bytes: Int, alignment: Int = CodeArena.granule
  ) throws(CodeMemoryError) -> UnsafeMutableRawPointer {
    precondition(bytes > 0, "data has at least one byte")
    precondition(
      alignment >= Self.granule && alignment <= System.pageSize && alignment & (alignment - 1) == 0,
      "an alignment is a power of two from 16 to 4096")
    guard bytes <= mapping.dataBytes,
      let record = data.allocate(
        (bytes + Self.granule - 1) / Self.granule, alignment: alignment / Self.granule, state: Self.liveData)
    else {
      throw .outOfMemory(
        requested: bytes, available: data.freeGranules * Self.granule, largest: data.largestFree * Self.granule)
    }
    let segment = data.segments[Int(record)]
    counters.allocatedData(bytes: Int(segment.count) * Self.granule)
    return unsafe dataPointer(Int(segment.start) * Self.granule)
  }

  /// Frees what ``allocateData(bytes:alignment:)`` gave out. No code may refer to it any more: the caller has reclaimed that first.
  ///
  /// Long runs of pages go back to the kernel.
  public func freeData(_ pointer: UnsafeMutableRawPointer) {
    let address = UInt(bitPattern: pointer)
    guard dataAddresses.contains(address), let record = dataRecord(startingAt: Int(address - mapping.data)) else {
      preconditionFailure("the pointer is not the start of data that is given out")
    }
    let bytes = Int(data.segments[Int(record)].count) * Self.granule
    zero(address, bytes: bytes)
    counters.dataBytes -= bytes
    data.release(record)
  }

  /// Gives out an 8-byte slot in the data region, zero, aligned to 8: a word that code loads or jumps through. O(1).
  ///
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)``; nothing was taken.
  public func allocateSlot() throws(CodeMemoryError) -> UnsafeMutablePointer<UInt> {
    if let word = slots.take() { return unsafe slotPointer(word) }
    let page = unsafe try allocateData(bytes: System.pageSize, alignment: System.pageSize)
    let first = UInt32((UInt(bitPattern: page) - mapping.data) / 8)
    slots.add(first..<first + UInt32(System.pageSize / 8))
    guard let word = slots.take() else { preconditionFailure("the new page has slots") }
    return unsafe slotPointer(word)
  }

  /// Frees a slot and zeroes it: a call through it faults. No code may use it any more: the caller has reclaimed that first.
  public func freeSlot(_ slot: UnsafeMutablePointer<UInt>) {
    let address = UInt(bitPattern: slot)
    precondition(dataAddresses.contains(address) && address & 7 == 0, "the pointer is not a slot of this arena")
    slots.giveBack(UInt32((address - mapping.data) / 8))
    // A slot by the check, in memory that stays mapped.
    unsafe slot.pointee = 0
  }

  /// Data has no life but given out and free.
  private static let liveData: UInt32 = 1

  private func dataRecord(startingAt offset: Int) -> UInt32? {
    guard offset % Self.granule == 0, let record = data.block(containing: offset / Self.granule),
      Int(data.segments[Int(record)].start) == offset / Self.granule
    else { return nil }
    return record
  }

  private func dataPointer(_ offset: Int) -> UnsafeMutableRawPointer {
    // Offsets come from the allocator of the region, which is mapped as long as the arena.
    unsafe UnsafeMutableRawPointer(bitPattern: mapping.data + UInt(offset)).unsafelyUnwrapped
  }

  private func slotPointer(_ word: UInt32) -> UnsafeMutablePointer<UInt> {
    // Slots lie in pages that the allocator gave to the slot table for good.
    unsafe dataPointer(Int(word) * 8).assumingMemoryBound(to: UInt.self)
  }

  /// Free data reads as zeros. Whole pages become so by giving their memory back, from 64 KiB on.
  private func zero(_ address: UInt, bytes: Int) {
    var from = address
    let end = address + UInt(bytes)
    let mask = UInt(System.pageSize - 1)
    let pages = (address + mask) & ~mask..<max(end & ~mask, (address + mask) & ~mask)
    if pages.count >= 64 << 10 {
      do {
        try System.madvise(pages.lowerBound, bytes: pages.count, .dontNeed)
        clear(from..<pages.lowerBound)
        from = pages.upperBound
      } catch {
        counters.failedTrims += 1
      }
    }
    clear(from..<end)
  }

  private func clear(_ addresses: Range<UInt>) {
    // Inside a block of the data region that is being freed.
    unsafe dataPointer(Int(addresses.lowerBound - mapping.data))
      .initializeMemory(as: UInt8.self, repeating: 0, count: addresses.count)
  }
}
