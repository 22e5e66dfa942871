import CFtraceShims
import CFtraceTraceBufferTests
import FtraceTestSupport
import FtraceTraceBuffer
import Glibc
import Testing

/// Entries + lost entries, exits + lost exits: whatever is read or lost adds up to what was done.
@Suite struct AccountTests {
  @Test(arguments: [TraceBuffer.Mode.overwrite, .discard], [2, 3, 16, 1000])
  func accountsOfOneWorkerAreExact(mode: TraceBuffer.Mode, blocks: Int) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let buffer = try TraceBuffer(.small(mode, blocks: blocks, clock: seed % 2 == 0 ? .tsc : .monotonic))
      let writer = Writer(buffer)
      writer.run(seed: seed, operations: 40_000, nested: seed > 2 ? 20 : 0)
      writer.close()
      let replay = Replay(buffer.consume())
      #expect(replay.discrepancies([writer], buffer.losses).isEmpty, "seed \(seed)")
      #expect(replay.checkedExits > 0)
      #expect(buffer.losses[.nested].total == (seed > 2 ? writer.tally.nested : 0))
      #expect(buffer.losses[mode == .overwrite ? .full : .overwritten].total == 0)
      if blocks == 2 { #expect(buffer.losses.total > 0) }
      #expect(buffer.bytesInUse == 0)
    }
  }

  @Test(arguments: [TraceBuffer.Mode.overwrite, .discard], [2, 5, 64])
  func accountsOfSeveralWorkersAreExactWhileTheyAreRead(mode: TraceBuffer.Mode, blocks limit: Int) throws {
    ftrace_delay_seed(UInt64(limit))
    defer { ftrace_delay_seed(0) }
    let buffer = try TraceBuffer(.small(mode, blocks: limit))
    let writers = (0..<4).map { _ in Writer(buffer) }
    var blocks: [EventBlock] = []
    let done = Counter()
    beside({
      onThreads(4) { index in
        ftrace_delay_number(UInt64(index + 1))
        writers[index].run(seed: UInt64(index + 1), operations: 100_000, nested: index == 3 ? 100 : 0)
        writers[index].close()
        done.add()
      }
    }) {
      var generator = SeededGenerator(seed: 7)
      while done.count < 4 {
        switch generator.next() % 4 {
        case 0: _ = buffer.peek()
        case 1: blocks += buffer.takeBlocks()
        case 2: buffer.requestResync()
        default: buffer.consume { blocks.append($0) }
        }
        #expect(buffer.bytesInUse <= buffer.configuration.totalBytes)
      }
    }
    blocks += buffer.takeBlocks()
    // A worker that overwrites while its blocks are taken can make a younger one come first.
    let order = blocks.indices.sorted { left, right in
      let (a, b) = (blocks[left].header, blocks[right].header)
      return (a.worker, a.sequence, left) < (b.worker, b.sequence, right)
    }
    var replay = Replay()
    for index in order { replay.add(blocks[index]) }
    #expect(replay.discrepancies(writers, buffer.losses).isEmpty)
    #expect(buffer.bytesInUse == 0)
    #expect(buffer.workers.isEmpty)
  }

  @Test func signalsAreAccountedFor() throws {
    let buffer = try TraceBuffer(.small(.discard, blocks: 512))
    let writer = Writer(buffer)
    unsafe ftrace_test_run_signalled(writer.handle, 5, 200_000)
    writer.close()
    #expect(buffer.losses[.nested].total == writer.tally.nested)
    #expect(Replay(buffer.consume()).discrepancies([writer], buffer.losses).isEmpty)
  }

  @Test func noKickIsLost() throws {
    // A kick asks for a record at the next append: none is missing when each waits for the one before.
    let buffer = try TraceBuffer(.small(.discard, blocks: 64))
    let writer = Writer(buffer)
    let kicks = Counter()
    let asked = Counter()
    var replay = Replay()
    beside({
      while asked.count < 2000 {
        buffer.requestResync()
        asked.add()
        // Until it is done: the writer appends all the time.
        while kicks.count < asked.count { sched_yield() }
      }
    }) {
      while kicks.count < 2000 {
        let before = asked.count
        writer.enter(1)
        writer.exit()
        // A kick that was made before these two events has its record by now.
        if kicks.count < before { kicks.add() }
        buffer.consume { replay.add($0) }
      }
    }
    writer.close()
    buffer.consume { replay.add($0) }
    #expect(replay.discrepancies([writer], buffer.losses).isEmpty)
    #expect(replay.resyncs >= 2000)
  }

  @Test func lossRecordsSayWhatTheCountersSay() throws {
    let buffer = try TraceBuffer(.small(.discard, blocks: 4))
    let writer = Writer(buffer)
    var replay = Replay()
    for seed in 1...50 as ClosedRange<UInt64> {
      writer.run(seed: seed, operations: 3000, nested: 40)
      buffer.consume { replay.add($0) }
    }
    // Room, and an event after the last gap, so that its record is written.
    writer.run(seed: 51, operations: 10)
    writer.close()
    buffer.consume { replay.add($0) }
    #expect(replay.lossRecords == buffer.losses)
    #expect(buffer.losses[.full].total > 0)
    #expect(buffer.losses[.nested].total > 0)
    #expect(replay.discrepancies([writer], buffer.losses).isEmpty)
  }

  @Test func workersBeyondTheMostAreCounted() throws {
    var configuration = TraceBuffer.Configuration.small(.discard)
    configuration.maximumWorkers = 3
    let buffer = try TraceBuffer(configuration)
    let writers = (0..<5).map { _ in Writer(buffer) }
    for writer in writers { writer.run(seed: 3, operations: 100) }
    #expect(buffer.losses[.workers].total == 200)
    #expect(buffer.workers.count == 3)
    for writer in writers { writer.close() }
    let replay = Replay(buffer.consume())
    #expect(replay.discrepancies(writers, buffer.losses).isEmpty)
    #expect(buffer.workers.isEmpty)
    // The places are free again.
    let later = Writer(buffer)
    #expect(later.enter(1))
    later.close()
  }

  @Test func aRecorderGivesLateWorkersTheirShare() throws {
    let buffer = try TraceBuffer(.small(.overwrite, blocks: 8))
    let writers = (0..<6).map { _ in Writer(buffer) }
    for writer in writers { writer.run(seed: 5, operations: 20_000) }
    // Each later one took blocks of the earlier, the last events of the last are there.
    let blocks = buffer.peek()
    #expect(blocks.contains { $0.header.worker == 6 })
    #expect(buffer.bytesInUse <= 8 * 4096)
    for writer in writers { writer.close() }
    let replay = Replay(buffer.consume())
    #expect(replay.discrepancies(writers, buffer.losses).isEmpty)
  }

  @Test(arguments: [TraceBuffer.Mode.overwrite, .discard])
  func ringsOfEndedWorkersAreUsedAgain(mode: TraceBuffer.Mode) throws {
    var configuration = TraceBuffer.Configuration.small(mode, blocks: 64)
    configuration.maximumWorkers = 4
    let buffer = try TraceBuffer(configuration)
    var replay = Replay()
    var writers: [Writer] = []
    for index in 0..<200 as Range<UInt64> {
      let writer = Writer(buffer)
      writer.run(seed: index, operations: 300)
      writer.close()
      writers.append(writer)
      if mode == .discard { buffer.consume { replay.add($0) } }
      #expect(buffer.workers.count <= 4)
    }
    buffer.consume { replay.add($0) }
    #expect(replay.discrepancies(writers, buffer.losses).isEmpty)
    #expect(buffer.losses[.workers].total == 0)
  }
}
