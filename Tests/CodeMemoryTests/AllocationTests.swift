import FtraceCodeMemory
import FtracePlatform
import Testing

@Suite struct AllocationTests {
  @Test func blocksAreRoundedAlignedAndFilledWithTraps() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    for (requested, alignment) in [(1, 16), (16, 16), (17, 64), (100, 4096), (5, 32), (70000, 256), (3, 16)] {
      let block = try arena.allocate(bytes: requested, alignment: alignment)
      #expect(Int(block.size) == (requested + 15) / 16 * 16)
      #expect(arena.addresses(of: block).lowerBound % UInt(alignment) == 0)
      #expect(allBytes(at: arena.addresses(of: block).lowerBound, count: Int(block.size), are: 0xCC))
    }
  }

  @Test func aTogglingBlockHasPagesOfItsOwn() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let blocks = try [1, 4096, 4097].map { try arena.allocate(bytes: $0) }
    #expect(blocks.map(\.size) == [4096, 4096, 8192])
    #expect(blocks.allSatisfy { $0.offset % 4096 == 0 })
    #expect(arena.statistics.committedBytes == 16384)
  }

  @Test(arguments: bothMappings) func writeAndReadBack(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    let block = try arena.allocate(bytes: 100)
    arena.write([1, 2, 3].span, to: block, at: 10)
    let nothing: [UInt8] = []
    arena.write(nothing.span, to: block, at: Int(block.size))
    try arena.seal(block)
    let start = arena.addresses(of: block).lowerBound
    #expect(bytes(at: start + 9, count: 5) == [0xCC, 1, 2, 3, 0xCC])
  }

  @Test(arguments: bothMappings) func neighboursMergeInEveryOrder(_ mapping: CodeArena.Mapping) throws {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
      let blocks = try (0..<3).map { _ in try arena.add(returning(1)) }
      _ = try arena.add(returning(2))
      let largest = arena.statistics.largestFreeBytes
      for index in order { arena.free([blocks[index]]) }
      // The three are one piece again, which serves what none of them could.
      let whole = try arena.allocate(bytes: blocks.reduce(0) { $0 + Int($1.size) })
      #expect(whole.offset == blocks[0].offset)
      #expect(arena.statistics.largestFreeBytes == largest)
    }
  }

  @Test func theSmallestHoleThatFitsIsTaken() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    var holes: [CodeBlock] = []
    for size in [160, 48, 96] {
      holes.append(try arena.add([UInt8](repeating: 0x90, count: size)))
      _ = try arena.add(returning(0))
    }
    arena.free(holes)
    #expect(try arena.allocate(bytes: 40).offset == holes[1].offset)
    #expect(try arena.allocate(bytes: 90).offset == holes[2].offset)
    #expect(try arena.allocate(bytes: 90).offset == holes[0].offset)
  }

  @Test(arguments: bothMappings) func exhaustionIsAnErrorAndRecovers(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 128 << 10, mapping: mapping))
    var blocks: [CodeBlock] = []
    let error = #expect(throws: CodeMemoryError.self) {
      while true { blocks.append(try arena.add([UInt8](repeating: 0xC3, count: 5000))) }
    }
    let free = arena.statistics.freeBytes
    #expect(error == .outOfMemory(requested: 5000, available: free, largest: free))
    let before = arena.statistics
    #expect(throws: CodeMemoryError.self) { try arena.allocate(bytes: free + 1) }
    #expect(throws: CodeMemoryError.outOfMemory(requested: .max, available: free, largest: free)) {
      try arena.allocate(bytes: .max)
    }
    #expect(arena.statistics == before)
    // What is left serves what fits, to the last granule.
    if free > 0 { blocks.append(try arena.add([UInt8](repeating: 0xC3, count: free))) }
    #expect(arena.statistics.freeBytes == 0)
    #expect(arena.statistics.largestFreeBytes == 0)
    arena.free(blocks)
    #expect(arena.statistics.freeBytes == 128 << 10)
    arena.discard(try arena.allocate(bytes: 128 << 10))
  }

  @Test func aNearlyFullArenaFindsWhatItHas() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    // A hole of 1,039 granules shares its class with smaller ones, so that no class is sure to fit it.
    let hole = try arena.add([UInt8](repeating: 0xC3, count: 1039 * 16))
    _ = try arena.add([UInt8](repeating: 0xC3, count: arena.statistics.largestFreeBytes))
    arena.free([hole])
    #expect(try arena.allocate(bytes: 1039 * 16).offset == hole.offset)
  }

  @Test func anAlignedBlockIsFoundInATightHole() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let hole = try arena.add([UInt8](repeating: 0xC3, count: 4096), alignment: 4096)
    _ = try arena.add([UInt8](repeating: 0xC3, count: arena.statistics.largestFreeBytes))
    arena.free([hole])
    #expect(try arena.allocate(bytes: 4096, alignment: 4096).offset == hole.offset)
  }

  @Test func memoryGoesBackToTheKernelInLargePieces() throws {
    let arena = try CodeArena(.init(reservation: 16 << 20, mapping: .dual))
    let keep = try arena.add(returning(7))
    let blocks = try (0..<64).map { _ in try arena.add([UInt8](repeating: 0xC3, count: 65536)) }
    #expect(arena.statistics.committedBytes >= 64 << 16)
    arena.free(blocks)
    // What shares a chunk with the block that stays is kept.
    #expect(arena.statistics.committedBytes <= 2 << 16)
    #expect(try arena.violations(blocks: [keep]) == [])
    let again = try arena.allocate(bytes: 1 << 20)
    #expect(allBytes(at: arena.addresses(of: again).lowerBound, count: 1 << 20, are: 0xCC))
    #expect(arena.run(keep) == 7)
  }

  @Test func smallPiecesAreKept() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let blocks = try (0..<3).map { _ in try arena.add([UInt8](repeating: 0xC3, count: 65536)) }
    let start = arena.addresses(of: blocks[0]).lowerBound
    arena.free(blocks)
    #expect(arena.statistics.committedBytes == 3 << 16)
    #expect(allBytes(at: start, count: 3 << 16, are: 0xCC))
  }

  @Test(arguments: bothMappings) func statisticsAddUp(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    let unit = mapping == .dual ? 16 : 4096
    let blocks = try (0..<10).map { _ in try arena.add(returning(1)) }
    var expected = CodeArena.Statistics()
    expected.codeReserved = 1 << 20
    expected.liveBytes = 7 * unit
    expected.liveBlocks = 7
    expected.retiredBytes = 2 * unit
    expected.retiredBlocks = 2
    expected.peakBytes = 10 * unit
    expected.freeBytes = 1 << 20 - 9 * unit
    arena.free([blocks[9]])
    arena.retire(blocks[0])
    arena.retire(blocks[4])
    let statistics = arena.statistics
    expected.largestFreeBytes = statistics.freeBytes
    expected.committedBytes = mapping == .dual ? 65536 : 9 * unit
    expected.metadataBytes = statistics.metadataBytes
    expected.dataReserved = 1 << 17
    #expect(statistics == expected)
  }
}
