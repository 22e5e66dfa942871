import CFtraceTraceBufferTests
import FtraceTraceBuffer
import Testing

@Suite struct RecordTests {
  private func decode(_ words: [UInt64], clock: UInt64 = 0) -> (records: [TraceRecord], damage: Int?) {
    let block = EventBlock(
      header: BlockHeader(worker: 1, sequence: 1, clock: clock), clock: .tsc, words: words)
    var records: [TraceRecord] = []
    let damage = block.decode { records.append($0) }
    #expect(records == Array(block))
    return (records, damage)
  }

  @Test func everyKindIsToldApart() {
    // Sites of exits: every offset that fits into an aligned word and is not an entry's.
    for offset in [0, 1, 2, 3, 8, 9, 10, 11] as [UInt64] {
      let after = 0x1230 + offset + 5
      let (records, damage) = decode([after << 32 | 99])
      #expect(damage == nil)
      let kind: TraceRecord.Kind = offset == 0 ? .entry : .exit
      #expect(records == [TraceRecord(kind: kind, clock: 99, upper: UInt32(after))])
    }
    let words: [UInt64] = [
      0x45_0000_0007, 0x1_0000_0003, 0x44_0000_0008, 0x0005_7000_0000_0045, 0x99_0000_0002, 11, 12, 0x32_0000_0001, 44,
      0x13_0000_0002, 21, 22, 0xA_0000_0006, 0,
    ]
    let (records, damage) = decode(words)
    #expect(damage == nil)
    #expect(records.map(\.kind) == [.entry, .entry, .values, .loss, .resync, .unwound])
    let later: UInt64 = 3 << 32 | 8
    #expect(records.map(\.clock) == [7, later, later, later, later, later])
    #expect(records[1].afterSite == 0x45)
    #expect(records[1].parent == 0x7000_0000_0045)
    #expect(records[1].processor == 5)
    #expect(records[3].cause == .full && records[3].lostEnd == .exit && records[3].count == 44)
    #expect(records[4].isCut && records[4].firstWord == 18 && records[4].wordCount == 2)
    #expect(records[5].count == 6)
  }

  @Test func recordsThatReachBeyondTheBlockAreDamage() {
    for word in [0x2_0000_0005, 0x3_0000_0005, 0x9_FFFF_FFFF, 0x44 << 32, 0xB_0000_0000, 0x1C_0000_0001, 0x2_0000_0000]
      as [UInt64]
    {
      let (records, damage) = decode([0x45 << 32 | 7, word])
      #expect(records.count == 1)
      #expect(damage == 9)
    }
  }

  @Test func whatIsOpenIsWrittenInnermostFirst() throws {
    let buffer = try TraceBuffer(.small(.discard))
    let writer = Writer(buffer)
    for function in 1...5 as ClosedRange<UInt32> { writer.enter(function) }
    buffer.requestResync()
    // At an exit the function is open still, and its word is the address after the exit's site.
    writer.exit()
    buffer.requestResync()
    writer.enter(9)
    writer.close()
    let block = try #require(buffer.consume().first)
    let records = block.filter { $0.kind == .resync }
    let resyncs: [[UInt64]] = records.map { record in block.words(of: record).map { ($0 & 0xFFFF_FFFF) / 64 } }
    // The last one is the end of the worker.
    #expect(resyncs == [[], [5, 4, 3, 2, 1], [4, 3, 2, 1], []])
    let exit = records[1]
    #expect(block.words(of: exit).first == ftrace_test_code_start() + 5 * 64 + 38)
  }

  @Test func deepStacksAreCut() throws {
    let buffer = try TraceBuffer(.small(.discard))
    let writer = Writer(buffer)
    for function in 0..<300 as Range<UInt32> { writer.enter(function) }
    buffer.requestResync()
    writer.enter(300)
    writer.close()
    let blocks = buffer.consume()
    let cut = blocks.flatMap { block in block.filter { $0.kind == .resync && $0.isCut } }
    #expect(cut.count == 1)
    #expect(cut.first?.wordCount == 256)
    #expect(Replay(blocks).discrepancies([writer], buffer.losses).isEmpty)
  }

  @Test func aWordOfAnEpochHoldsForWhatFollows() throws {
    let words: [UInt64] = [
      0x45_0000_0001, 0xC_0000_0009, 0x46_0000_0002, 0x32_0000_0001, 44, 0xC_FFFF_FFFF, 0x44_0000_0003, 0x70,
    ]
    let (records, damage) = decode(words)
    #expect(damage == nil)
    #expect(records.map(\.kind) == [.entry, .exit, .loss, .entry])
    #expect(records.map(\.epoch) == [0, 9, 9, .max])
    // Of the rest of a block, when the first words were delivered before.
    let header = BlockHeader(worker: 1, sequence: 1, clock: 0, epoch: 3)
    for start in 0...words.count {
      let rest = EventBlock(
        header: header, clock: .tsc, storage: [UInt64](repeating: 0, count: 8) + words, start: 8 + start)
      // A start is never between a record's words.
      if start == 4 || start == 7 { continue }
      #expect(rest.map(\.epoch) == [3, 9, 9, .max].suffix(rest.count { _ in true }))
    }
  }

  @Test func anEpochBeginsBeforeTheNextEvent() throws {
    let buffer = try TraceBuffer(.small(.discard))
    let writer = Writer(buffer)
    for epoch in 0..<200 as Range<UInt32> {
      buffer.epoch = epoch
      writer.enter(epoch)
      writer.exit()
      if epoch % 3 == 0 { buffer.requestResync() }
    }
    writer.close()
    let blocks = buffer.consume()
    #expect(blocks.count < 10)
    let events = blocks.flatMap { block in block.filter { $0.kind == .entry || $0.kind == .exit } }
    #expect(events.map(\.epoch) == (0..<200).flatMap { [$0, $0] })
    for block in blocks { #expect(block.header.epoch == block.first { _ in true }?.epoch) }
    #expect(Replay(blocks).discrepancies([writer], buffer.losses).isEmpty)
  }

  @Test func kicksOfSnapshotsCloseBlocks() throws {
    let buffer = try TraceBuffer(.small(.overwrite))
    let writer = Writer(buffer)
    writer.enter(1)
    writer.exit()
    writer.enter(2)
    _ = buffer.takeBlocks()
    writer.enter(3)
    writer.close()
    let rest = buffer.consume()
    let entries = rest.flatMap { block in block.filter { $0.kind == .entry }.map(\.afterSite) }
    #expect(entries == [3 * 64 + 5] as [UInt32])
  }

  @Test func peekingTakesNothing() throws {
    let buffer = try TraceBuffer(.small(.discard))
    let writer = Writer(buffer)
    writer.run(seed: 9, operations: 2000)
    let first = Replay(buffer.peek())
    let second = Replay(buffer.peek())
    #expect(first.entries == writer.tally.entries && second.entries == first.entries)
    // The open block's part that was delivered is not there again.
    let taken = Replay(buffer.takeBlocks())
    #expect(taken.entries == first.entries)
    #expect(buffer.peek().isEmpty)
    writer.enter(1)
    #expect(Replay(buffer.peek()).entries == 1)
    writer.close()
    #expect(Replay(buffer.consume()).entries == 1)
  }

  @Test func configurationsAreChecked() {
    func refused(_ change: (inout TraceBuffer.Configuration) -> Void) {
      var configuration = TraceBuffer.Configuration()
      change(&configuration)
      #expect(throws: TraceBufferError.self) { try TraceBuffer(configuration) }
    }
    refused { $0.blockBytes = 5000 }
    refused { $0.blockBytes = 2 << 20 }
    refused { $0.totalBytes = 65536 }
    refused { $0.workerBytes = 65536 }
    refused { $0.maximumWorkers = 0 }
    refused { $0.tracer = String(repeating: "x", count: 64) }
    refused { $0.backing = .file("/nowhere/at/all") }
  }
}
