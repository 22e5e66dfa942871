import FtracePlatform

extension CodeArena {
  /// Gives out a block, unsealed and filled with `int3`.
  ///
  /// O(1) plus the block's own bytes. In an arena that toggles, the block takes whole pages: a function of 100 bytes wastes 3,996.
  ///
  /// - Parameters:
  ///   - bytes: more than zero.
  ///   - alignment: a power of two from 16 to 4096.
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)`` or ``CodeMemoryError/system(_:)``; no block was taken.
  public func allocate(bytes: Int, alignment: Int = CodeArena.granule) throws(CodeMemoryError) -> CodeBlock {
    precondition(bytes > 0, "a block has at least one byte")
    precondition(
      alignment >= Self.granule && alignment <= System.pageSize && alignment & (alignment - 1) == 0,
      "an alignment is a power of two from 16 to 4096")
    let unit = mapping.isDual ? Self.granule : System.pageSize
    guard bytes <= mapping.codeBytes,
      let record = code.allocate(
        (bytes + unit - 1) / unit * (unit / Self.granule), alignment: max(alignment, unit) / Self.granule,
        state: UInt32(CodeBlock.State.unsealed.rawValue))
    else {
      throw .outOfMemory(
        requested: bytes, available: code.freeGranules * Self.granule, largest: code.largestFree * Self.granule)
    }
    let segment = code.segments[Int(record)]
    let offset = Int(segment.start) * Self.granule
    let size = Int(segment.count) * Self.granule
    do {
      try makeUsable(offset..<offset + size)
    } catch {
      code.release(record)
      throw .system(error)
    }
    let generation = nextGeneration
    nextGeneration &+= 1
    code.segments[Int(record)].second = generation
    counters.allocated(bytes: size)
    return CodeBlock(offset: UInt32(offset), size: UInt32(size), generation: generation)
  }

  @inline(__always)
  private func makeUsable(_ offsets: Range<Int>) throws(SystemError) {
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

  /// Copies bytes into an unsealed block. A memcpy; no system call.
  public func write(_ bytes: Span<UInt8>, to block: CodeBlock, at position: Int = 0) {
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

  /// Ends the writing of a block: from here on it may run, and its bytes change only in a stop.
  ///
  /// Who publishes the block's address to other threads does so with a release store. No system call unless the arena toggles.
  ///
  /// - Throws: ``CodeMemoryError/system(_:)`` if mprotect(2) fails; the block is unsealed still.
  public func seal(_ block: CodeBlock) throws(CodeMemoryError) {
    let record = record(of: block, in: .unsealed)
    if !mapping.isDual {
      do {
        try System.mprotect(mapping.executable + UInt(block.offset), bytes: Int(block.size), .readExecute)
      } catch {
        throw .system(error)
      }
    }
    code.segments[Int(record)].state = UInt32(CodeBlock.State.sealed.rawValue)
  }

  /// Frees at once a block that was never sealed, so that nobody can have run it.
  public func discard(_ block: CodeBlock) {
    let record = record(of: block, in: .unsealed)
    counters.freed(bytes: Int(block.size))
    if mapping.isDual {
      mapping.fillWithTraps(Int(block.offset)..<Int(block.offset + block.size))
    } else if !takePagesBack(block) {
      // The pages stay writable and are not executable, which is as good for free memory.
      counters.failedTrims += 1
    }
    release(record)
  }

  /// Frees a block's granules, filled with traps by the caller, and gives memory back where much of it is free in one piece.
  func release(_ record: UInt32) {
    let free = code.release(record)
    guard mapping.isDual else { return }
    let perChunk = CodeMapping.chunkBytes / Self.granule
    let chunks = (free.lowerBound + perChunk - 1) / perChunk
    let end = free.upperBound / perChunk
    guard end - chunks >= Self.trimThreshold else { return }
    counters.failedTrims += committed.trim(chunks..<end, threshold: Self.trimThreshold, in: mapping)
  }

  /// Chunks that must be free in one piece before they are given back: a change of protection splits mappings, and small pieces are
  /// likely to be used again.
  static let trimThreshold = 4

  /// In an arena that toggles: takes a block's pages away from everyone and gives their memory back.
  func takePagesBack(_ block: CodeBlock) -> Bool {
    let start = mapping.executable + UInt(block.offset)
    do {
      try System.mprotect(start, bytes: Int(block.size), .none)
    } catch {
      return false
    }
    // Advice that fails costs the memory until the pages are used again.
    do { try System.madvise(start, bytes: Int(block.size), .dontNeed) } catch { counters.failedTrims += 1 }
    return true
  }

  /// The record of a block that must exist and be in one of these states; anything else is a mistake of the caller's and traps.
  @inline(__always)
  func record(of block: CodeBlock, in states: CodeBlock.State...) -> UInt32 {
    guard let record = code.block(containing: Int(block.offset) / Self.granule),
      code.segments[Int(record)].second == block.generation
    else { preconditionFailure("the block was freed") }
    let state = code.segments[Int(record)].state
    precondition(states.contains { UInt32($0.rawValue) == state }, "the block is not in the state that this call needs")
    return record
  }
}
