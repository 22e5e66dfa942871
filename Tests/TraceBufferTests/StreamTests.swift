import CFtraceShims
import CFtraceTraceBufferTests
import FtracePlatform
import FtraceTestSupport
import FtraceTraceBuffer
import Testing

@Suite struct StreamTests {
  @Test(arguments: [4, 64]) func aStreamHasEverythingThatWasNotLost(blocks: Int) throws {
    let file = ShmFile("stream-\(blocks)")
    let buffer = try TraceBuffer(.small(.discard, blocks: blocks))
    let sink = try FileSink.start(buffer, path: file.path, interval: .microseconds(200))
    try buffer.add([CodeName(start: 0, size: 64, epoch: 0, name: "f")])
    let writers = (0..<3).map { _ in Writer(buffer) }
    onThreads(3) { index in
      writers[index].run(seed: UInt64(index), operations: 60_000, nested: index == 0 ? 50 : 0)
      if index > 0 { writers[index].close() }
    }
    try sink.finish()
    try sink.finish()
    #expect(sink.error == nil && sink.unwritten.total == 0)
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil && read.wasEnded)
    #expect(read.contents.losses == buffer.losses)
    #expect(read.contents.names.map(\.name) == ["f"])
    #expect(Replay(read.contents.blocks).discrepancies(writers, read.contents.losses).isEmpty)
    writers[0].close()
  }

  @Test func aStreamThatCannotBeWrittenSaysSo() throws {
    let buffer = try TraceBuffer(.small(.discard, blocks: 8))
    let file = ShmFile("full")
    #expect(throws: TraceBufferError.self) {
      try System.withFaults([.failAlways(.pwrite, errno: ENOSPC)]) { () throws(TraceBufferError) in
        _ = try FileSink.start(buffer, path: file.path)
      }
    }
    #expect(throws: SystemError.self) { _ = try System.open(file.path, flags: O_RDONLY) }
    // What others made is not removed.
    _ = try System.open(file.path, flags: O_RDWR | O_CREAT)
    #expect(throws: TraceBufferError.self) {
      try System.withFaults([.failAlways(.pwrite, errno: ENOSPC)]) { () throws(TraceBufferError) in
        _ = try FileSink.start(buffer, path: file.path)
      }
    }
    _ = try System.open(file.path, flags: O_RDONLY)
  }

  @Test func aBrokenStreamCountsWhatItCannotWrite() throws {
    let file = ShmFile("broken")
    let buffer = try TraceBuffer(.small(.discard, blocks: 64))
    let writer = Writer(buffer)
    let sink = try FileSink.start(buffer, path: file.path, interval: .milliseconds(1))
    // Some of it is written by the sink's thread, the rest by this one, whose third write fails after half a block.
    writer.run(seed: 2, operations: 30_000)
    let faults: [Fault] = [.answer(.pwrite, nth: 3, result: 2048), .failAlways(.pwrite, errno: ENOSPC, from: 4)]
    System.withFaults(faults) {
      do throws(TraceBufferError) { try sink.finish() } catch {
        #expect(sink.error?.errno == ENOSPC)
        #expect("\(error)".contains("ENOSPC"))
      }
    }
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil)
    #expect(read.wasEnded == (sink.error == nil))
    var replay = Replay(read.contents.blocks)
    replay.entries += sink.unwritten.entries
    replay.exits += sink.unwritten.exits
    #expect(replay.entries + buffer.losses.entries == writer.tally.entries)
    #expect(replay.exits + buffer.losses.exits == writer.tally.exits + writer.tally.unwound_lost_records)
    writer.close()
  }
}
