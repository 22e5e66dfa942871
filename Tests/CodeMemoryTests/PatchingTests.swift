import FtraceCodeMemory
import FtracePlatform
import Glibc
import Testing

extension CodeArena {
  /// Replaces the value that a `returning` function returns, as a stop would: no other thread runs it.
  func patch(_ blocks: [CodeBlock], to value: Int32) throws {
    try unsafe blocks.map { $0.offset + 1 }.withUnsafeBufferPointer { offsets in
      try unsafe withWritableCode(offsets) {
        for block in blocks {
          // Bytes 1 to 4 of a `returning` function, in a page that is writable now.
          unsafe writableAddress(ofCodeAt: block.offset + 1).storeBytes(of: value, as: Int32.self)
        }
      }
    }
  }

  func patchingStatus(_ offsets: [UInt32], begin: Bool) -> Int32 {
    unsafe offsets.withUnsafeBufferPointer { unsafe begin ? beginPatching($0) : endPatching($0) }
  }
}

@Suite struct PatchingTests {
  @Test(arguments: bothMappings) func sealedCodeIsPatched(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    let blocks = try (0..<12).map { try arena.add(returning($0)) }
    // Neighbours, a gap, and an unsealed block between.
    let open = try arena.allocate(bytes: 10)
    let last = try arena.add(returning(50))
    try arena.patch([blocks[0], blocks[1], blocks[2], blocks[7], blocks[11], last], to: 1000)
    #expect(blocks.map { arena.run($0) } == [1000, 1000, 1000, 3, 4, 5, 6, 1000, 8, 9, 10, 1000])
    #expect(arena.run(last) == 1000)
    #expect(try arena.violations(blocks: blocks + [open, last]) == [])
    // The block in between is still open.
    arena.write(returning(3).span, to: open)
    try arena.seal(open)
    #expect(arena.run(open) == 3)
  }

  @Test func pagesToggleWithoutEverBeingBoth() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let blocks = try (0..<6).map { try arena.add(returning($0)) }
    let open = try arena.allocate(bytes: 10)
    let offsets = [blocks[0], blocks[1], blocks[4], open].map(\.offset)
    #expect(arena.patchingStatus(offsets, begin: true) == 0)
    func protection(_ block: CodeBlock) throws -> String {
      let entry = try MemoryMap.current().entry(containing: arena.addresses(of: block).lowerBound)
      return entry.map { ($0.isReadable ? "r" : "-") + ($0.isWritable ? "w" : "-") + ($0.isExecutable ? "x" : "-") }
        ?? ""
    }
    #expect(try (blocks + [open]).map(protection) == ["rw-", "rw-", "r-x", "r-x", "rw-", "r-x", "rw-"])
    #expect(arena.patchingStatus(offsets, begin: false) == 0)
    #expect(try (blocks + [open]).map(protection) == ["r-x", "r-x", "r-x", "r-x", "r-x", "r-x", "rw-"])
  }

  @Test func neighbouringPagesNeedOneCall() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let blocks = try (0..<8).map { _ in try arena.add([UInt8](repeating: 0xC3, count: 8192)) }
    let offsets = blocks.flatMap { [$0.offset, $0.offset + 8, $0.offset + 4096, $0.offset + 8191] }
    System.withFaults([]) { script in
      #expect(arena.patchingStatus(offsets, begin: true) == 0)
      #expect(script.count(.mprotect) == 1)
      #expect(arena.patchingStatus(offsets, begin: false) == 0)
      #expect(script.count(.mprotect) == 2)
    }
  }

  @Test func aDualMappingNeedsNoCall() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let block = try arena.add(returning(1))
    try System.withFaults([]) { script in
      try arena.patch([block], to: 2)
      #expect(script.callCount == 0)
    }
    #expect(arena.run(block) == 2)
  }

  @Test func retiredCodeCanBePatched() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let block = try arena.add(returning(1))
    arena.retire(block)
    try arena.patch([block], to: 2)
    #expect(arena.run(block) == 2)
  }

  @Test func aPlaceInNoBlockIsRefused() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let block = try arena.add(returning(1))
    System.withFaults([]) { script in
      #expect(arena.patchingStatus([block.offset, 1 << 19], begin: true) == EFAULT)
      #expect(arena.patchingStatus([block.offset, 1 << 30], begin: true) == EFAULT)
      #expect(arena.patchingStatus([block.offset + 1, block.offset], begin: true) == EINVAL)
      #expect(script.callCount == 0)
    }
  }
}
