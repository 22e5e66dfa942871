import FtracePlatform

extension CodeRegion {
  /// Chunks that must be free in one piece before they are given back: a change of protection splits mappings, and small pieces are
  /// likely to be used again.
  static let trimThreshold = 4

  mutating func allocate(bytes: Int, alignment: Int) throws(CodeMemoryError) -> CodeBlock {
    guard
      let record = blocks.allocate(
        bytes, alignment: alignment, state: UInt32(CodeBlock.State.unsealed.rawValue))
    else { throw blocks.outOfMemory(requested: bytes) }
    let range = blocks.range(record)
    do {
      try makeUsable(range)
    } catch {
      blocks.release(record)
      throw .system(error)
    }
    let generation = takeGeneration()
    blocks.segments[Int(record)].second = generation
    counters.allocated(bytes: range.count)
    return CodeBlock(offset: UInt32(range.lowerBound), size: UInt32(range.count), generation: generation)
  }

  @inline(__always)
  private mutating func makeUsable(_ offsets: Range<Int>) throws(SystemError) {
    if mapping.isDual {
      let first = offsets.lowerBound / CodeMapping.chunkBytes
      let last = (offsets.upperBound - 1) / CodeMapping.chunkBytes
      if first == last && committed.contains(first) { return }
      try committed.commit(first..<last + 1, in: mapping)
    } else {
      try System.mprotect(mapping.executable + UInt(offsets.lowerBound), bytes: offsets.count, .readWrite)
      mapping.fillWithTraps(offsets)
    }
  }

  func write(_ bytes: Span<UInt8>, to block: CodeBlock, at position: Int) {
    _ = record(of: block, in: .unsealed)
    precondition(
      position >= 0 && position <= Int(block.size) && bytes.count <= Int(block.size) - position,
      "the bytes do not fit into the block")
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      // In the block by the check above, and the block is the caller's alone until it is sealed.
      unsafe mapping.writableAddress(Int(block.offset) + position).copyMemory(from: base, byteCount: source.count)
    }
  }

  mutating func seal(_ block: CodeBlock) throws(SystemError) {
    let record = record(of: block, in: .unsealed)
    if !mapping.isDual {
      try System.mprotect(mapping.executable + UInt(block.offset), bytes: Int(block.size), .readExecute)
    }
    setState(.sealed, of: record)
  }

  mutating func discard(_ block: CodeBlock) {
    let record = record(of: block, in: .unsealed)
    // Pages that could not be taken back stay writable and are not executable, which is as good for free memory.
    if !makeTrap(block) { counters.failedTrims += 1 }
    counters.discarded(bytes: Int(block.size))
    release(record)
  }

  mutating func retire(_ block: CodeBlock) -> UInt32 {
    let record = record(of: block, in: .sealed)
    setState(.retired, of: record)
    counters.retired(bytes: Int(block.size))
    return record
  }

  /// Frees a retired block. False if the kernel refuses the change of its pages: it is still retired then.
  mutating func reclaim(_ record: UInt32, _ entry: CodeArena.Entry) -> Bool {
    guard makeTrap(entry.block) else { return false }
    counters.reclaimed(bytes: Int(entry.block.size))
    release(record)
    return true
  }

  /// Makes a jump into a block's bytes trap: `int3` if dual, no access and no memory if the mapping toggles.
  private mutating func makeTrap(_ block: CodeBlock) -> Bool {
    guard !mapping.isDual else {
      mapping.fillWithTraps(Int(block.offset)..<Int(block.offset) + Int(block.size))
      return true
    }
    let start = mapping.executable + UInt(block.offset)
    do { try System.mprotect(start, bytes: Int(block.size), .none) } catch { return false }
    // Advice that fails costs the memory until the pages are used again.
    do { try System.madvise(start, bytes: Int(block.size), .dontNeed) } catch { counters.failedTrims += 1 }
    return true
  }

  /// Frees a block's granules and gives memory back where much of it is free in one piece.
  private mutating func release(_ record: UInt32) {
    let free = blocks.release(record)
    guard mapping.isDual else { return }
    let first = (free.lowerBound + CodeMapping.chunkBytes - 1) / CodeMapping.chunkBytes
    let end = free.upperBound / CodeMapping.chunkBytes
    guard end - first >= Self.trimThreshold else { return }
    counters.failedTrims += committed.trim(first..<end, threshold: Self.trimThreshold, in: mapping)
  }
}
