import FtracePlatform

/// The code half of an arena: its mapping, which of it is executable, and the blocks in it.
///
/// One structure, so that each call of the arena is one access to it.
struct CodeRegion: ~Copyable {
  var mapping: CodeMapping
  var blocks: SegmentAllocator
  var committed: CommittedChunks
  var counters = Counters()
  private var nextGeneration: UInt32 = 1

  init(_ mapping: consuming CodeMapping) throws(SystemError) {
    var committed = CommittedChunks(count: mapping.codeBytes / CodeMapping.chunkBytes)
    // The first chunk becomes executable now: a policy that refuses it is met here and not at the first function.
    if mapping.isDual { try committed.commit(0..<1, in: mapping) }
    // Where pages toggle, a block that is being written must not share one with a block that runs.
    let blocks = try SegmentAllocator(
      bytes: mapping.codeBytes, granule: mapping.isDual ? CodeArena.granule : System.pageSize)
    self.blocks = blocks
    self.committed = committed
    self.mapping = mapping
  }

  mutating func takeGeneration() -> UInt32 {
    defer { nextGeneration &+= 1 }
    return nextGeneration
  }

  /// What the arena knows of the block that holds a place.
  @inline(__always)
  func entry(atOffset offset: UInt) -> CodeArena.Entry? {
    blocks.block(containing: offset).map { entry($0) }
  }

  @inline(__always)
  func entry(_ record: UInt32) -> CodeArena.Entry {
    let segment = blocks.segments[Int(record)]
    let block = CodeBlock(
      offset: segment.start << UInt32(blocks.granuleShift), size: segment.count << UInt32(blocks.granuleShift),
      generation: segment.second)
    guard let state = CodeBlock.State(rawValue: UInt8(segment.state)) else { preconditionFailure("a free segment") }
    return CodeArena.Entry(block: block, state: state, tag: segment.first)
  }

  /// The record of a block that is not free; a stale name is a mistake of the caller's and traps.
  @inline(__always)
  func record(of block: CodeBlock) -> UInt32 {
    guard let record = blocks.block(containing: UInt(block.offset)),
      blocks.segments[Int(record)].second == block.generation
    else { preconditionFailure("the block was freed") }
    return record
  }

  /// The record of a block that must be in `state`.
  @inline(__always)
  func record(of block: CodeBlock, in state: CodeBlock.State) -> UInt32 {
    let record = record(of: block)
    precondition(
      blocks.segments[Int(record)].state == UInt32(state.rawValue), "the block is not in the state that this call needs"
    )
    return record
  }

  @inline(__always)
  mutating func setState(_ state: CodeBlock.State, of record: UInt32) {
    blocks.segments[Int(record)].state = UInt32(state.rawValue)
  }
}
