import FtracePlatform

/// The data half of an arena: readable and writable, never executable. Free memory in it reads as zeros.
struct DataRegion: ~Copyable {
  /// In a mapping that the arena's `CodeMapping` owns and keeps as long as this.
  let addresses: Range<UInt>
  private(set) var pieces: SegmentAllocator
  private(set) var slots: SlotTable
  private(set) var bytes = 0
  private(set) var peakBytes = 0
  private(set) var failedTrims = 0

  /// A piece has no life but given out and free.
  private static let givenOut: UInt32 = 1
  /// From this many bytes of whole pages on, memory is given back instead of cleared.
  private static let trimThreshold = 64 << 10

  init(_ addresses: Range<UInt>) throws(SystemError) {
    let pieces = try SegmentAllocator(bytes: addresses.count, granule: CodeArena.granule)
    let slots = try SlotTable(dataBytes: addresses.count)
    self.pieces = pieces
    self.slots = slots
    self.addresses = addresses
  }

  mutating func allocate(bytes: Int, alignment: Int) throws(CodeMemoryError) -> UnsafeMutableRawPointer {
    guard let record = pieces.allocate(bytes, alignment: alignment, state: Self.givenOut) else {
      throw pieces.outOfMemory(requested: bytes)
    }
    let range = pieces.range(record)
    self.bytes += range.count
    peakBytes = max(peakBytes, self.bytes)
    return unsafe pointer(addresses.lowerBound + UInt(range.lowerBound))
  }

  mutating func free(_ address: UInt) {
    // An address below the region wraps to an offset beyond it.
    let offset = address &- addresses.lowerBound
    guard let record = pieces.block(containing: offset), pieces.range(record).lowerBound == Int(offset) else {
      preconditionFailure("the pointer is not the start of data that is given out")
    }
    let count = pieces.range(record).count
    zero(address..<address + UInt(count))
    bytes -= count
    pieces.release(record)
  }

  mutating func allocateSlot() throws(CodeMemoryError) -> UnsafeMutablePointer<UInt> {
    if slots.isEmpty {
      let page = unsafe try allocate(bytes: System.pageSize, alignment: System.pageSize)
      let first = UInt32((UInt(bitPattern: page) - addresses.lowerBound) / 8)
      slots.add(first..<first + UInt32(System.pageSize / 8))
    }
    // A word of a page that belongs to the slots for good.
    return unsafe pointer(addresses.lowerBound + UInt(slots.take()) * 8).assumingMemoryBound(to: UInt.self)
  }

  mutating func freeSlot(_ address: UInt) {
    precondition(addresses.contains(address) && address & 7 == 0, "the pointer is not a slot of this arena")
    slots.giveBack(UInt32((address - addresses.lowerBound) / 8))
    clear(address..<address + 8)
  }

  /// Makes a piece read as zeros, whole pages by giving their memory back.
  private mutating func zero(_ piece: Range<UInt>) {
    let mask = UInt(System.pageSize - 1)
    let first = (piece.lowerBound + mask) & ~mask
    let end = piece.upperBound & ~mask
    if first < end && end - first >= Self.trimThreshold {
      do {
        try System.madvise(first, bytes: Int(end - first), .dontNeed)
        clear(piece.lowerBound..<first)
        clear(end..<piece.upperBound)
        return
      } catch {
        failedTrims += 1
      }
    }
    clear(piece)
  }

  private func clear(_ piece: Range<UInt>) {
    // Inside a piece that is being freed, hence inside the region.
    unsafe pointer(piece.lowerBound).initializeMemory(as: UInt8.self, repeating: 0, count: piece.count)
  }

  private func pointer(_ address: UInt) -> UnsafeMutableRawPointer {
    // Not null: the region is mapped.
    unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
  }
}
