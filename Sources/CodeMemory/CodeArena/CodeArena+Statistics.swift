extension CodeArena {
  /// Where the memory is. All counts of bytes.
  public struct Statistics: Equatable, Sendable {
    public var codeReserved = 0
    /// Blocks that are unsealed or sealed.
    public var liveBytes = 0
    public var liveBlocks = 0
    public var retiredBytes = 0
    public var retiredBlocks = 0
    public var freeBytes = 0
    /// The largest block that can be given out.
    public var largestFreeBytes = 0
    /// The highest sum of live and retired.
    public var peakBytes = 0
    /// Code memory taken from the kernel.
    public var committedBytes = 0
    /// Memory of the tables about blocks, at its highest; not in the regions.
    public var metadataBytes = 0
    /// Calls that should have given memory back and failed; the memory is used again later.
    public var failedTrims = 0
    public var dataReserved = 0
    /// Data that is given out, pages of slots included.
    public var dataBytes = 0
    public var peakDataBytes = 0
    /// Slots that are given out.
    public var slots = 0
  }

  /// The figures of this moment. O(1), but for a look through the largest free pieces.
  public var statistics: Statistics {
    let counters = code.counters
    let inUse = counters.live.bytes + counters.retired.bytes
    return Statistics(
      codeReserved: codeAddresses.count, liveBytes: counters.live.bytes, liveBlocks: counters.live.blocks,
      retiredBytes: counters.retired.bytes, retiredBlocks: counters.retired.blocks,
      freeBytes: code.blocks.freeGranules * Self.granule, largestFreeBytes: code.blocks.largestFree * Self.granule,
      peakBytes: counters.peakBytes,
      committedBytes: activeMapping == .dual ? code.committed.committed * CodeMapping.chunkBytes : inUse,
      metadataBytes: code.blocks.metadataBytes + data.pieces.metadataBytes,
      failedTrims: counters.failedTrims + data.failedTrims, dataReserved: dataAddresses.count, dataBytes: data.bytes,
      peakDataBytes: data.peakBytes, slots: data.slots.count)
  }
}

extension SegmentAllocator {
  /// Memory that the tables have come to take, by what was written in them.
  var metadataBytes: Int {
    recordLimit * MemoryLayout<Segment>.stride + granuleLimit * MemoryLayout<UInt32>.stride
  }
}
