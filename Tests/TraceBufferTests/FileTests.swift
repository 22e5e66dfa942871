import CFtraceShims
import CFtraceTraceBufferTests
import FtracePlatform
import FtraceTestSupport
import Foundation
import FtraceTraceBuffer
import Synchronization
import Testing

/// A name in /dev/shm, removed at the end.
final class ShmFile: Sendable {
  let path: String

  private static let count = Atomic<Int>(0)

  init(_ name: String) {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    path = "/dev/shm/ftrace-test-\(System.processID)-\(number)-\(name)"
  }

  deinit { try? System.unlink(path) }
}

@Suite struct FileTests {
  private func ring(_ file: ShmFile, _ mode: TraceBuffer.Mode = .overwrite, blocks: Int = 16) throws -> TraceBuffer {
    var configuration = TraceBuffer.Configuration.small(mode, blocks: blocks)
    configuration.backing = .file(file.path)
    configuration.maximumWorkers = 10
    configuration.nameBytes = 8192
    configuration.tracer = "function_graph"
    return try TraceBuffer(configuration)
  }

  private let names = [
    CodeName(start: 64, size: 64, epoch: 0, name: "first"), CodeName(start: 64, size: 64, epoch: 3, name: "zweite"),
    CodeName(start: 128, size: 64, epoch: 0, name: String(repeating: "long ", count: 300)),
  ]

  @Test func aRingIsReadFromItsFile() throws {
    let file = ShmFile("ring")
    let buffer = try ring(file, blocks: 4)
    try buffer.add(names)
    try buffer.calibrate()
    let writer = Writer(buffer)
    writer.run(seed: 4, operations: 20_000, nested: 100)
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil)
    #expect(read.isRing)
    let contents = read.contents
    #expect(contents.tracer == "function_graph")
    #expect(contents.process == System.processID)
    #expect(contents.clock == .tsc)
    #expect(contents.code == ftrace_test_code_start()..<ftrace_test_code_end())
    #expect(contents.names == names)
    let index = CodeNameIndex(contents.names)
    #expect(index.name(at: 100, epoch: 2)?.name == "first")
    #expect(index.name(at: 100, epoch: 3)?.name == "zweite")
    #expect(index.name(at: 63, epoch: 3) == nil)
    #expect(contents.calibration.samples.count >= 3)
    #expect(contents.workers.map(\.threadID) == [System.threadID])
    // The open block is in it up to the last event. Nested losses that no block was opened after are in the table at the next gap.
    #expect(Replay(contents.blocks).wrong.isEmpty)
    #expect(Replay(contents.blocks).entries == Replay(buffer.peek()).entries)
    writer.close()
    let ended = try TraceFile(path: file.path)
    #expect(Replay(ended.contents.blocks).discrepancies([writer], ended.contents.losses).isEmpty)
    #expect(ended.contents.losses == buffer.losses)
    #expect(ended.contents.losses[.overwritten].total > 0)
    // What a reader takes is not in the file any more, and what was lost stays.
    let taken = Replay(buffer.consume())
    #expect(taken.entries == Replay(ended.contents.blocks).entries)
    let after = try TraceFile(path: file.path)
    #expect(after.contents.blocks.isEmpty)
    #expect(after.contents.losses == ended.contents.losses)
  }

  @Test(arguments: 1...5) func aRingSurvivesTheDeathOfItsProcess(round: Int) throws {
    let file = ShmFile("killed-\(round)")
    let buffer = try ring(file, blocks: 64)
    try buffer.add(names)
    let writer = Writer(buffer)
    let child = unsafe ftrace_test_fork_spinning(writer.handle, UInt64(round))
    // On a busy machine it takes its time to begin. The file shows it, as it is.
    repeat { ftrace_sleep(UInt64(round) * 7_000_000) } while try TraceFile(path: file.path).contents.blocks.count < 2
    #expect(ftrace_test_kill(child) == 9)
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil)
    #expect(read.contents.names == names)
    let replay = Replay(read.contents.blocks)
    #expect(replay.wrong.isEmpty)
    #expect(replay.entries > 0 && replay.checkedExits > 0)
    #expect(read.contents.blocks.count { !$0.header.isClosed } <= 1)
  }

  @Test(arguments: [TraceBuffer.Mode.overwrite, .discard])
  func spaceThatRunsOutIsFoundBeforeItIsWritten(mode: TraceBuffer.Mode) throws {
    let file = ShmFile("limit-\(mode)")
    let buffer = try ring(file, mode, blocks: 64)
    let writer = Writer(buffer)
    // Head, workers, three of control, and then ten and a half of the pool.
    let status = unsafe ftrace_test_run_limited(writer.handle, 3, 20_000, 4096 * 15 + 2048)
    #expect(status == EFBIG)
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil)
    #expect(read.contents.blocks.count == 10)
    #expect(read.contents.losses[mode == .discard ? .memory : .overwritten].total > 0)
    #expect(Replay(read.contents.blocks).discrepancies([writer], read.contents.losses).isEmpty)
  }

  @Test func aChildOfAForkBeginsWithNothing() throws {
    let file = ShmFile("fork")
    let buffer = try ring(file, .discard)
    let writer = Writer(buffer)
    writer.run(seed: 1, operations: 1000)
    let before = Replay(buffer.peek()).entries
    // What a child does first, done here: the file keeps what was written, and this process has memory of its own.
    buffer.adoptInChild()
    buffer.repairInChild()
    #expect(buffer.peek().isEmpty && buffer.losses.total == 0 && buffer.bytesInUse == 0)
    writer.enter(1)
    writer.close()
    #expect(Replay(buffer.consume()).entries == 1)
    try buffer.add(names)
    let read = try TraceFile(path: file.path)
    #expect(Replay(read.contents.blocks).entries == before)
    #expect(read.contents.names.isEmpty)
  }

  @Test func aRingWithDamagedBlocksIsReadWithoutThem() throws {
    let file = ShmFile("damaged")
    let buffer = try ring(file, blocks: 8)
    let writer = Writer(buffer)
    writer.run(seed: 4, operations: 20_000)
    writer.close()
    let whole = try TraceFile(path: file.path)
    #expect(whole.damage == nil && whole.damagedBlocks == 0 && whole.contents.blocks.count == 8)
    var bytes = try #require(FileManager.default.contents(atPath: file.path).map { [UInt8]($0) })
    // The marks of two blocks of events; the first and the last are the table's and the ring's.
    let heads = stride(from: 0, to: bytes.count, by: 4096).filter { bytes[$0] == 0x46 && bytes[$0 + 4] == 1 }
    for head in [heads[1], heads[5]] { bytes[head] = 1 }
    let read = try TraceFile(bytes: bytes)
    #expect(read.damage?.offset == heads[1])
    #expect(read.damagedBlocks == 2 && read.contents.blocks.count == 6)
    #expect(Replay(read.contents.blocks).wrong.isEmpty)
  }

  @Test func filesCutOffAnywhereAreReadUpToThere() throws {
    let bytes = try stream("cut")
    let whole = try TraceFile(bytes: bytes)
    #expect(whole.damage == nil && whole.wasEnded)
    let all = Replay(whole.contents.blocks).entries
    var last: UInt64 = 0
    for length in 0..<bytes.count {
      // Every byte near the heads of blocks, and some of the rest.
      guard length % 4096 < 100 || length % 97 == 0 else { continue }
      do throws(TraceFileError) {
        let read = try TraceFile(bytes: Array(bytes[..<length]))
        #expect(read.damage == nil || read.damage?.reason == .cutOff)
        #expect((read.damage == nil) == (length <= 4096 || length % 4096 == 0))
        let entries = read.contents.blocks.reduce(into: 0 as UInt64) { count, block in
          count += UInt64(block.count { $0.kind == .entry })
        }
        #expect(entries >= last && entries <= all)
        last = entries
      } catch {
        #expect(length < 300)
      }
    }
  }

  @Test func damagedFilesNeverCrashTheReader() throws {
    let bytes = try stream("damaged")
    var generator = SeededGenerator(seed: 11)
    var damaged = 0
    for round in 0..<1500 {
      var copy = bytes
      // Heads more often than what follows them.
      let block = Int(generator.next() % UInt64(bytes.count / 4096)) * 4096
      let at = block + Int(generator.next() % (round % 2 == 0 ? 160 : 4096))
      copy[at] = UInt8(truncatingIfNeeded: generator.next())
      if round % 5 == 0 {
        for index in at..<min(at + 32, copy.count) { copy[index] = UInt8.random(in: 0...255, using: &generator) }
      }
      guard let read = try? TraceFile(bytes: copy) else {
        #expect(block == 0)
        continue
      }
      if let damage = read.damage {
        damaged += 1
        #expect(damage.offset >= block && damage.offset < bytes.count + 4096)
      }
      var count = 0
      for record in read.contents.records {
        count += read.contents.blocks[record.block].words(of: record.record).count
      }
      #expect(count < bytes.count)
      _ = read.contents.calibration.nanoseconds(at: UInt64(count))
    }
    #expect(damaged > 150)
    #expect(throws: TraceFileError.self) { try TraceFile(path: "/nowhere") }
    #expect(throws: TraceFileError.self) { try TraceFile(path: "/dev/null") }
  }

  /// The bytes of a small stream.
  private func stream(_ name: String) throws -> [UInt8] {
    let file = ShmFile(name)
    let buffer = try TraceBuffer(.small(.discard, blocks: 8))
    try buffer.add(names)
    let writer = Writer(buffer)
    writer.run(seed: 8, operations: 500, nested: 30)
    writer.close()
    try buffer.snapshot().write(to: file.path)
    return try System.readFile(file.path)
  }

  @Test func snapshotsAreWrittenAndRead() throws {
    let file = ShmFile("snapshot")
    let buffer = try TraceBuffer(.small(.overwrite, blocks: 6))
    try buffer.add(names)
    let writers = (0..<2).map { _ in Writer(buffer) }
    for (index, writer) in writers.enumerated() { writer.run(seed: UInt64(index), operations: 5000, nested: 50) }
    let snapshot = buffer.snapshot()
    try snapshot.write(to: file.path)
    let read = try TraceFile(path: file.path)
    #expect(read.damage == nil && !read.isRing && read.wasEnded)
    #expect(read.contents.names == snapshot.names)
    #expect(read.contents.losses == snapshot.losses)
    #expect(read.contents.workers.map(\.number) == [1, 2])
    #expect(read.contents.calibration == snapshot.calibration)
    #expect(read.contents.blocks.map(Array.init) == snapshot.blocks.map(Array.init))
    #expect(Replay(read.contents.blocks).discrepancies(writers, read.contents.losses).isEmpty)
    // Merged: by time, nothing more or less.
    var last: UInt64 = 0
    var count = 0
    for merged in read.contents.records {
      #expect(merged.record.clock >= last)
      last = merged.record.clock
      count += 1
    }
    #expect(count == snapshot.blocks.reduce(0) { $0 + Array($1).count })
    for writer in writers { writer.close() }
  }

  @Test func namesThatDoNotFitAreRefused() throws {
    let file = ShmFile("names")
    let buffer = try ring(file)
    var added = 0
    do throws(TraceBufferError) {
      while added < 100_000 {
        try buffer.add([CodeName(start: UInt64(added), size: 1, epoch: 0, name: "function \(added)")])
        added += 1
      }
    } catch {
      #expect(error == .namesFull(bytes: 8192))
    }
    #expect(added > 100 && added < 1000)
    #expect(try TraceFile(path: file.path).contents.names.count == added)
  }

  @Test func refusalsOfTheSystemLeaveNothingBehind() throws {
    for call in [SystemCall.mmap, .ftruncate, .fallocate, .open] {
      for nth in 1...3 {
        let file = ShmFile("refused-\(call.rawValue)-\(nth)")
        let injected = System.withFaults([.fail(call, nth: nth, errno: ENOSPC)]) { script in
          #expect((try? ring(file)) == nil || !script.injectedAny)
          return script.injectedAny
        }
        if injected { #expect(throws: SystemError.self) { _ = try System.open(file.path, flags: O_RDONLY) } }
      }
    }
    let file = ShmFile("names-refused")
    let buffer = try ring(file)
    System.withFaults([.failAlways(.fallocate, errno: ENOSPC)]) {
      #expect(throws: TraceBufferError.self) { try buffer.add(names) }
    }
    try buffer.add(names)
    #expect(try TraceFile(path: file.path).contents.names == names)
  }
}
