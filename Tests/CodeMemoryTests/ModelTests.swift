import FtraceCodeMemory
import FtracePlatform
import Testing

/// Random calls beside a model that keeps a plain list of what is given out.
@Suite struct ModelTests {
  private struct Model {
    struct Entry {
      let block: CodeBlock
      var state: CodeBlock.State
      let tag: UInt32
      let fill: UInt8
    }
    var entries: [Entry] = []

    func indexes(_ state: CodeBlock.State) -> [Int] { entries.indices.filter { entries[$0].state == state } }
    func entry(at offset: Int) -> Entry? {
      entries.first { Int($0.block.offset)..<Int($0.block.offset + $0.block.size) ~= offset }
    }
    func bytes(_ states: CodeBlock.State...) -> Int {
      entries.reduce(0) { $0 + (states.contains($1.state) ? Int($1.block.size) : 0) }
    }
  }

  @Test(arguments: bothMappings, [1, 2, 3, 4] as [UInt64])
  func theArenaBehavesLikeTheModel(_ mapping: CodeArena.Mapping, seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    let capacity = 4 << 20
    let arena = try CodeArena(.init(reservation: capacity, mapping: mapping))
    var model = Model()
    var failures = 0

    for step in 1...3000 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<50:
        let scale = 1 << Int.random(in: 4..<18, using: &random)
        let size = Int.random(in: 1...scale, using: &random)
        let alignment = 16 << Int.random(in: 0...8, using: &random)
        do {
          let block = try arena.allocate(bytes: size, alignment: alignment)
          let fill = UInt8.random(in: 0...255, using: &random)
          arena.write([UInt8](repeating: fill, count: Int(block.size)).span, to: block)
          arena.setTag(UInt32(step), of: block)
          #expect(Int(block.size) >= size && Int(block.offset) % alignment == 0)
          for entry in model.entries { #expect(!entry.block.range.overlaps(block.range)) }
          model.entries.append(.init(block: block, state: .unsealed, tag: UInt32(step), fill: fill))
        } catch CodeMemoryError.outOfMemory(let requested, let available, let largest) {
          failures += 1
          #expect(requested == size && largest <= available)
          #expect(available == capacity - model.bytes(.unsealed, .sealed, .retired))
          // Only an aligned request may fail although a piece is large enough.
          #expect(largest < (mapping == .dual ? size : (size + 4095) & ~4095) || alignment > 16)
        }
      case 50..<75:
        guard let index = model.indexes(.unsealed).randomElement(using: &random) else { continue }
        try arena.seal(model.entries[index].block)
        model.entries[index].state = .sealed
      case 75..<80:
        guard let index = model.indexes(.unsealed).randomElement(using: &random) else { continue }
        arena.discard(model.entries.remove(at: index).block)
      case 80..<95:
        guard let index = model.indexes(.sealed).randomElement(using: &random) else { continue }
        arena.retire(model.entries[index].block)
        model.entries[index].state = .retired
      default:
        let retired = unsafe arena.prepareReclamation()
        var kept: Set<UInt32> = []
        for index in unsafe 0..<retired.count where Int.random(in: 0..<4, using: &random) == 0 {
          guard let ranges = unsafe retired.ranges, let marks = unsafe retired.marks else { continue }
          unsafe marks[index] = 1
          kept.insert(unsafe UInt32(ranges[index].start - UInt64(arena.codeAddresses.lowerBound)))
        }
        let freed = model.entries.filter { $0.state == .retired && !kept.contains($0.block.offset) }
        let report = arena.reclaim()
        #expect(report.blocks == freed.count && report.marked == kept.count)
        #expect(report.bytes == freed.reduce(0) { $0 + Int($1.block.size) })
        model.entries.removeAll { $0.state == .retired && !kept.contains($0.block.offset) }
      }

      let offset = Int.random(in: 0..<capacity, using: &random)
      let expected = model.entry(at: offset)
      let found = arena.entry(containing: arena.codeAddresses.lowerBound + UInt(offset))
      #expect(found?.block == expected?.block && found?.state == expected?.state && found?.tag == expected?.tag)
      if let entry = model.entries.randomElement(using: &random) {
        #expect(arena.state(of: entry.block) == entry.state)
        let range = arena.addresses(of: entry.block)
        #expect(allBytes(at: range.lowerBound, count: range.count, are: entry.fill))
      }
      if step % 250 == 0 {
        let statistics = arena.statistics
        #expect(statistics.liveBytes == model.bytes(.unsealed, .sealed))
        #expect(statistics.retiredBytes == model.bytes(.retired))
        #expect(statistics.freeBytes == capacity - model.bytes(.unsealed, .sealed, .retired))
        let blocks = model.entries.map(\.block).sorted { $0.offset < $1.offset }
        #expect(try arena.violations(blocks: blocks) == [])
      }
    }
    // The sequence is worthless if it never fills the arena.
    #expect(failures > 0)

    for index in model.indexes(.unsealed) { arena.discard(model.entries[index].block) }
    arena.free(model.indexes(.sealed).map { model.entries[$0].block })
    #expect(arena.statistics.freeBytes == capacity)
    #expect(arena.statistics.largestFreeBytes == capacity)
    #expect(try arena.violations(blocks: []) == [])
  }
}
