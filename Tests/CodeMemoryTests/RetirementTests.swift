import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import Testing

@Suite struct RetirementTests {
  @Test(arguments: bothMappings) func aRetiredBlockIsIntactUntilItIsReclaimed(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    let block = try arena.add(returning(41))
    arena.setTag(99, of: block)
    let address = arena.addresses(of: block).lowerBound
    arena.retire(block)
    #expect(arena.entry(containing: address + 3) == .init(block: block, state: .retired, tag: 99))
    #expect(call(address) == 41)
    var freed: [CodeArena.Entry] = []
    _ = unsafe arena.prepareReclamation()
    let report = arena.reclaim { freed.append($0) }
    var expected = CodeArena.Reclamation()
    expected.blocks = 1
    expected.bytes = Int(block.size)
    #expect(report == expected)
    #expect(freed == [.init(block: block, state: .retired, tag: 99)])
    #expect(arena.entry(containing: address) == nil)
    #expect(arena.state(of: block) == nil)
    #expect(try arena.violations(blocks: []) == [])
    if mapping == .dual { #expect(allBytes(at: address, count: Int(block.size), are: 0xCC)) }
  }

  @Test(arguments: bothMappings) func aMarkKeepsABlock(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    let blocks = try (0..<5).map { try arena.add(returning($0)) }
    for index in [3, 0, 4, 1] { arena.retire(blocks[index]) }
    let retired = unsafe arena.prepareReclamation()
    #expect(unsafe retired.count == 4)
    guard let ranges = unsafe retired.ranges, let marks = unsafe retired.marks else { return }
    for (index, block) in [0, 1, 3, 4].enumerated() {
      #expect(unsafe ranges[index].start == UInt64(arena.addresses(of: blocks[block]).lowerBound))
      #expect(unsafe ranges[index].end == UInt64(arena.addresses(of: blocks[block]).upperBound))
      #expect(unsafe marks[index] == 0)
    }
    // A stack that returns into the second of them.
    let stack: [UInt64] = [0, 42, UInt64(arena.addresses(of: blocks[1]).lowerBound) + 5, .max]
    unsafe stack.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      unsafe ftrace_code_ranges_mark(ranges, marks, retired.count, base, base + $0.count)
    }
    let report = arena.reclaim()
    #expect(report.blocks == 3)
    #expect(report.marked == 1)
    #expect(arena.state(of: blocks[1]) == .retired)
    #expect(arena.run(blocks[1]) == 1)
    #expect(arena.run(blocks[2]) == 2)
    // The next stop finds nothing.
    #expect(arena.reclaimAll().blocks == 1)
    #expect(arena.state(of: blocks[1]) == nil)
  }

  @Test func whatIsRetiredAfterThePreparationWaits() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20))
    let blocks = try (0..<3).map { try arena.add(returning($0)) }
    arena.retire(blocks[2])
    _ = unsafe arena.prepareReclamation()
    arena.retire(blocks[0])
    #expect(arena.reclaim().blocks == 1)
    #expect(arena.state(of: blocks[0]) == .retired)
    #expect(arena.reclaim() == .init())
    #expect(arena.reclaimAll().blocks == 1)
  }

  @Test func anotherPreparationReplacesTheFirst() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20))
    let blocks = try (0..<200).map { try arena.add(returning($0)) }
    for block in blocks[..<100] { arena.retire(block) }
    let first = unsafe arena.prepareReclamation()
    // A stop that failed half-way has left a mark.
    unsafe first.marks?[5] = 1
    for block in blocks[100...] { arena.retire(block) }
    let second = unsafe arena.prepareReclamation()
    #expect(unsafe second.count == 200)
    #expect(arena.reclaim().blocks == 200)
  }

  @Test func theBodyMayUseTheArena() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20))
    let blocks = try (0..<4).map { try arena.add(returning($0)) }
    arena.retire(blocks[0])
    arena.retire(blocks[1])
    _ = unsafe arena.prepareReclamation()
    var left = [blocks[2], blocks[3]]
    _ = arena.reclaim { _ in if let next = left.popLast() { arena.retire(next) } }
    #expect(arena.statistics.retiredBlocks == 2)
    #expect(arena.reclaimAll().blocks == 2)
  }

  @Test func wordsAreMatchedWithTheirBlocks() {
    let ranges = [(16, 32), (32, 48), (64, 80), (160, 4096)].map {
      ftrace_code_range(start: UInt64($0.0), end: UInt64($0.1))
    }
    func marked(_ word: UInt64) -> [Int] {
      var marks: [UInt8] = [0, 0, 0, 0]
      unsafe ftrace_code_ranges_mark_word(ranges, &marks, ranges.count, word)
      return marks.indices.filter { marks[$0] != 0 }
    }
    let expected: [(UInt64, [Int])] = [
      (0, []), (15, []), (16, [0]), (31, [0]), (32, [0, 1]), (47, [1]), (48, [1]), (49, []), (63, []), (64, [2]),
      (80, [2]), (81, []), (159, []), (160, [3]), (4095, [3]), (4096, [3]), (4097, []), (.max, []),
    ]
    for (word, indexes) in expected { #expect(marked(word) == indexes, "word \(word)") }
    var none: UInt8 = 7
    unsafe ftrace_code_ranges_mark_word(nil, &none, 0, 5)
    #expect(none == 7)
  }
}
