import FtraceCodeMemory
import FtracePlatform
import Testing

/// Scale: what many small functions cost. The gates are bytes; the processor times are printed for whoever asks, and gate nothing.
@Suite struct MillionBlocksTests {
  /// Debug builds are some fifty times slower: they check the same with less.
  static var count: Int {
    #if DEBUG
      20_000
    #else
      1_000_000
    #endif
  }

  /// Prints the processor time since the last lap, for each of so many operations.
  private struct StopWatch {
    var last = System.threadCPUNanoseconds
    mutating func lap(_ what: String, _ count: Int) {
      let each = Double(System.threadCPUNanoseconds - last) / Double(count)
      print("\(what): \(Double(Int(each * 10)) / 10) ns each")
      last = System.threadCPUNanoseconds
    }
  }

  @Test func manySmallBlocksAreCheap() throws {
    let arena = try CodeArena(.init(reservation: 256 << 20, mapping: .dual))
    let function = [UInt8](repeating: 0xC3, count: 48)
    let count = Self.count
    var blocks = [CodeBlock](repeating: try arena.add(function), count: count)
    var watch = StopWatch()

    for index in 1..<count { blocks[index] = try arena.add(function) }
    watch.lap("allocate + write + seal \(count) blocks of 48 bytes, fresh memory", count)
    let statistics = arena.statistics
    #expect(statistics.liveBytes == count * 48)
    // 16 bytes for the record and 4 for each of three granules.
    #expect(statistics.metadataBytes <= count * 28 + 1024)
    print("metadata: \(Double(statistics.metadataBytes) / Double(count)) bytes each")

    var found = 0
    watch.last = System.threadCPUNanoseconds
    for block in blocks where arena.block(containing: arena.addresses(of: block).lowerBound + 17) == block {
      found += 1
    }
    watch.lap("look up", count)
    #expect(found == count)

    watch.last = System.threadCPUNanoseconds
    for block in blocks { arena.retire(block) }
    watch.lap("retire", count)
    _ = unsafe arena.prepareReclamation()
    watch.lap("prepare reclamation", count)
    #expect(arena.reclaim().blocks == count)
    watch.lap("reclaim", count)
    #expect(arena.statistics.freeBytes == arena.statistics.codeReserved)
    #expect(arena.statistics.largestFreeBytes == arena.statistics.codeReserved)

    // Again over memory that was used: holes of one block each, between others that stay.
    for index in 0..<count { blocks[index] = try arena.add(function) }
    for index in stride(from: 0, to: count, by: 2) { arena.retire(blocks[index]) }
    _ = unsafe arena.prepareReclamation()
    watch.last = System.threadCPUNanoseconds
    #expect(arena.reclaim().blocks == count / 2)
    watch.lap("reclaim into holes", count / 2)
    for index in stride(from: 0, to: count, by: 2) { blocks[index] = try arena.add(function) }
    watch.lap("allocate + write + seal, into holes", count / 2)
    for _ in 0..<count { arena.discard(try arena.allocate(bytes: 48)) }
    watch.lap("allocate + discard", count)
    #expect(arena.statistics.metadataBytes <= count * 28 + 1024)
  }
}
