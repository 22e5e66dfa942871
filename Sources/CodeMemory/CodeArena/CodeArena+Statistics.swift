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

    /// All zero.
    public init() {}
  }

  /// The figures of this moment. O(1), but for a look through the largest free pieces.
  public var statistics: Statistics {
    let counters = code.counters
    let inUse = counters.live.bytes + counters.retired.bytes
    var figures = Statistics()
    figures.codeReserved = codeAddresses.count
    figures.liveBytes = counters.live.bytes
    figures.liveBlocks = counters.live.blocks
    figures.retiredBytes = counters.retired.bytes
    figures.retiredBlocks = counters.retired.blocks
    figures.freeBytes = code.blocks.freeBytes
    figures.largestFreeBytes = code.blocks.largestFreeBytes
    figures.peakBytes = counters.peakBytes
    figures.committedBytes = activeMapping == .dual ? code.committed.committed * CodeMapping.chunkBytes : inUse
    figures.metadataBytes = code.blocks.metadataBytes + data.pieces.metadataBytes
    figures.failedTrims = counters.failedTrims + data.failedTrims
    figures.dataReserved = dataAddresses.count
    figures.dataBytes = data.bytes
    figures.peakDataBytes = data.peakBytes
    figures.slots = data.slots.count
    return figures
  }
}
