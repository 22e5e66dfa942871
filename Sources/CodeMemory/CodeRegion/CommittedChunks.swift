import FtracePlatform

/// Which chunks of a dual mapping's code region are executable.
///
/// Invariant: a byte of a committed chunk that belongs to no block is `int3`; a chunk that is not committed cannot be executed or
/// read through the executable alias. So a jump to anything but a block traps.
struct CommittedChunks: ~Copyable {
  private var bits: [UInt64]
  let count: Int
  /// Chunks that are committed.
  private(set) var committed = 0
  /// No chunk from here on is committed.
  private(set) var limit = 0

  init(count: Int) {
    self.count = count
    bits = Array(repeating: 0, count: (count + 63) / 64)
  }

  func contains(_ chunk: Int) -> Bool { bits[chunk >> 6] >> UInt64(chunk & 63) & 1 != 0 }

  /// Makes the chunks executable and fills those that were not with `int3`.
  ///
  /// If it throws, chunks before the one that failed may be committed: they are free memory, as good as before.
  mutating func commit(_ chunks: Range<Int>, in mapping: borrowing CodeMapping) throws(SystemError) {
    var next = chunks.lowerBound
    while next < chunks.upperBound {
      if contains(next) {
        next += 1
        continue
      }
      let first = next
      while next < chunks.upperBound && !contains(next) { next += 1 }
      try commitRun(first..<next, in: mapping)
    }
  }

  private mutating func commitRun(_ run: Range<Int>, in mapping: borrowing CodeMapping) throws(SystemError) {
    let offset = run.lowerBound * CodeMapping.chunkBytes
    let bytes = run.count * CodeMapping.chunkBytes
    // Taking the memory here makes its lack an error now, instead of a SIGBUS at the first write.
    try System.fallocate(mapping.descriptor, .reserve, offset: offset, bytes: bytes)
    mapping.fillWithTraps(offset..<offset + bytes)
    try System.mprotect(mapping.executable + UInt(offset), bytes: bytes, .readExecute)
    for chunk in run { bits[chunk >> 6] |= 1 << UInt64(chunk & 63) }
    committed += run.count
    limit = max(limit, run.upperBound)
  }

  /// Gives the committed chunks among `chunks`, all free, back to the kernel if they are at least `threshold`.
  ///
  /// Answers how many calls failed: the chunks concerned keep their memory, which is all that a failure costs.
  mutating func trim(_ chunks: Range<Int>, threshold: Int, in mapping: borrowing CodeMapping) -> Int {
    let end = min(chunks.upperBound, limit)
    guard chunks.lowerBound < end, countCommitted(chunks.lowerBound..<end) >= threshold else { return 0 }
    var failures = 0
    var next = chunks.lowerBound
    while next < end {
      guard contains(next) else {
        next = bits[next >> 6] == 0 ? (next | 63) + 1 : next + 1
        continue
      }
      let first = next
      while next < end && contains(next) { next += 1 }
      failures += decommitRun(first..<next, in: mapping) ? 0 : 1
    }
    while limit > 0 && !contains(limit - 1) { limit -= 1 }
    return failures
  }

  private mutating func decommitRun(_ run: Range<Int>, in mapping: borrowing CodeMapping) -> Bool {
    let offset = run.lowerBound * CodeMapping.chunkBytes
    let bytes = run.count * CodeMapping.chunkBytes
    do {
      // First the right to execute: a hole reads as zeros, and zeros are an instruction.
      try System.mprotect(mapping.executable + UInt(offset), bytes: bytes, .none)
      for chunk in run { bits[chunk >> 6] &= ~(1 << UInt64(chunk & 63)) }
      committed -= run.count
      try System.fallocate(mapping.descriptor, .punchHole, offset: offset, bytes: bytes)
      return true
    } catch {
      return false
    }
  }

  /// No chunk is committed any more: their memory has gone.
  mutating func forget() {
    for index in bits.indices { bits[index] = 0 }
    (committed, limit) = (0, 0)
  }

  private func countCommitted(_ chunks: Range<Int>) -> Int {
    var total = 0
    var next = chunks.lowerBound
    while next < chunks.upperBound {
      let end = min((next | 63) + 1, chunks.upperBound)
      var word = bits[next >> 6] >> UInt64(next & 63)
      if end - next < 64 { word &= 1 << UInt64(end - next) - 1 }
      total += word.nonzeroBitCount
      next = end
    }
    return total
  }

  /// Calls `body` with each run of committed chunks, as offsets in the code region.
  func forEachRun<Failure: Error>(_ body: (Range<Int>) throws(Failure) -> Void) throws(Failure) {
    var next = 0
    while next < limit {
      let first = next
      while next < limit && contains(next) { next += 1 }
      if first < next { try body(first * CodeMapping.chunkBytes..<next * CodeMapping.chunkBytes) }
      next += 1
    }
  }
}

extension CodeMapping {
  /// Fills offsets of the code region with `int3`, through the writable alias.
  func fillWithTraps(_ offsets: Range<Int>) {
    unsafe writableAddress(offsets.lowerBound).initializeMemory(as: UInt8.self, repeating: 0xCC, count: offsets.count)
  }

  /// The one way from a place in the code to where it can be written.
  func writableAddress(_ offset: Int) -> UnsafeMutableRawPointer {
    precondition(offset >= 0 && offset <= codeBytes)
    // Inside the alias by the check, and the alias lives as long as the mapping.
    return unsafe UnsafeMutableRawPointer(bitPattern: writable + UInt(offset)).unsafelyUnwrapped
  }
}
