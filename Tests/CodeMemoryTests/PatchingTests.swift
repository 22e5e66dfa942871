import FtraceCodeMemory
import FtracePlatform
import Glibc
import Testing

extension CodeArena {
  /// Replaces the value that a `returning` function returns, as a stop would: no other thread runs it.
  func patch(_ blocks: [CodeBlock], to value: Int32) throws {
    // One that toggles is mapped once.
    let toggles = UInt(bitPattern: unsafe writableAddress(ofCodeAt: 0)) == codeAddresses.lowerBound
    for block in blocks {
      // A block of a mapping that toggles has pages of its own.
      let page = addresses(of: block).lowerBound & ~UInt(System.pageSize - 1)
      if toggles { try System.mprotect(page, bytes: System.pageSize, .readWrite) }
      // Bytes 1 to 4 of a `returning` function, in a page that is writable now.
      unsafe writableAddress(ofCodeAt: block.offset + 1).storeBytes(of: value, as: Int32.self)
      if toggles { try System.mprotect(page, bytes: System.pageSize, .readExecute) }
    }
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
}
