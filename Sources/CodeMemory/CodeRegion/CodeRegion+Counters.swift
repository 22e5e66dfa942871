extension CodeRegion {
  /// What is counted as it happens, bytes and blocks.
  struct Counters {
    private(set) var live = (bytes: 0, blocks: 0)
    private(set) var retired = (bytes: 0, blocks: 0)
    private(set) var peakBytes = 0
    var failedTrims = 0

    mutating func allocated(bytes: Int) {
      live.bytes += bytes
      live.blocks += 1
      peakBytes = max(peakBytes, live.bytes + retired.bytes)
    }

    mutating func discarded(bytes: Int) {
      live.bytes -= bytes
      live.blocks -= 1
    }

    mutating func retired(bytes: Int) {
      discarded(bytes: bytes)
      retired.bytes += bytes
      retired.blocks += 1
    }

    mutating func reclaimed(bytes: Int) {
      retired.bytes -= bytes
      retired.blocks -= 1
    }
  }
}
