import Foundation
import FtracePlatform
import FtraceTestSupport
import FtraceTraceBuffer
import FtraceTracers
import Testing

/// Traces whose bytes are wrong: whatever they say, they are read, added up and printed, or refused.
@Suite struct DamagedTraceTests {
  /// Blocks of two workers with every kind of record: entries with and without callers, exits, values, resyncs, losses and ends without exits.
  private static func blocks(_ random: inout SeededGenerator) -> [EventBlock] {
    let places = (1...12).map { UInt32($0) * 64 }
    var blocks: [EventBlock] = []
    for worker in UInt32(1)...2 {
      var clock: UInt64 = 1 << 33
      for sequence in UInt64(1)...6 {
        var words: [UInt64] = []
        func event(_ upper: UInt32) {
          clock += random.next() % 1000
          words.append(UInt64(upper) << 32 | clock & 0xFFFF_FFFF)
        }
        let header = BlockHeader(worker: worker, sequence: sequence, clock: clock, epoch: UInt32(sequence / 3))
        for _ in 0..<40 {
          let place = places[Int(random.next() % 12)]
          switch random.next() % 12 {
          case 0...4: event(place + 5)
          case 5...8: event(place + 16)
          case 9:
            event(place + 4)
            words.append(UInt64(3) << 48 | 0x7FFF_0000_0000 | UInt64(place))
          case 10: words += [UInt64(9) << 32 | 2, random.next(), random.next()]
          default:
            switch random.next() % 4 {
            case 2: words += [UInt64(11) << 32 | 3, clock, 0x7FFF_0000_0000 + UInt64(place) + 5, 0x7FFF_0000_0000 + 80]
            case 0: words += [UInt64(2 | UInt32(random.next() % 12) << 4) << 32 | 1, random.next() % 100]
            case 1: words += [UInt64(3) << 32 | 2, 0x7FFF_0000_0000 + UInt64(place) + 30, 0x7FFF_0000_0000 + 80]
            default: words.append(UInt64(10) << 32 | random.next() % 4)
            }
          }
        }
        blocks.append(EventBlock(header: header, clock: .tsc, words: words))
      }
    }
    return blocks
  }

  private static func bytes(_ tracer: String, _ random: inout SeededGenerator) throws -> [UInt8] {
    let names = (1...12).map {
      CodeName(
        start: UInt64($0) * 64, size: 64, epoch: UInt32($0 % 3), name: "f\($0)", signature: "Int,UInt8,Double->Int")
    }
    let calibration = Calibration(
      clock: .tsc, samples: (0...3).map { Calibration.Sample(counter: 1 << 33 + $0 * 10_000, nanoseconds: $0 * 5000) })
    let snapshot = TraceSnapshot(
      tracer: tracer, process: 1, realtime: 0, code: 0x7FFF_0000_0000..<0x7FFF_0010_0000, blockBytes: 4096,
      calibration: calibration, blocks: blocks(&random), workers: [], names: names, losses: EventLosses())
    let path = "/dev/shm/ftrace-damaged-\(System.processID)-\(tracer)-\(random.next())"
    try snapshot.write(to: path)
    defer { try? System.unlink(path) }
    return try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func use(_ file: TraceFile) -> (sums: [String: Int], text: [UInt8]) {
    let trace = RecordedTracer.report(of: file.contents)
    var text: [UInt8] = []
    trace.write(limit: nil) { text += $0 }
    return (Dictionary(uniqueKeysWithValues: trace.sums.map { ($0.name, $0.value) }), text)
  }

  @Test("what a wrong file says is read, added up and printed", arguments: RecordedTracer.allCases, 1...4)
  func anything(tracer: RecordedTracer, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let whole = try Self.bytes(tracer.rawValue, &random)
    let read = try TraceFile(bytes: whole)
    #expect(read.damage == nil)
    #expect(Self.use(read).text.count > 5000)
    let extremes: [UInt64] = [0, 1, .max, 1 << 63, 1 << 47, 0xFFFF_FFFF, 0xFFFF_FFFF_0000_0000]
    var readable = 0
    for _ in 0..<150 {
      var bytes = whole
      for _ in 0...random.next() % 4 {
        // Heads and tables as often as events.
        let block = Int(random.next() % UInt64(bytes.count / 4096)) * 4096
        let at = block + 8 * Int(random.next() % (random.next() % 2 == 0 ? 16 : 512))
        switch random.next() % 3 {
        case 0: bytes[at + Int(random.next() % 8)] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at + Int(random.next() % 8)] ^= 1 << UInt8(random.next() % 8)
        default:
          let word = extremes[Int(random.next() % UInt64(extremes.count))]
          for index in 0..<8 { bytes[at + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index))) }
        }
      }
      guard let file = try? TraceFile(bytes: bytes) else { continue }
      readable += 1
      _ = Self.use(file)
    }
    #expect(readable > 70)
  }

  @Test("a process that was killed has no account of its losses but the records in its events")
  func killed() throws {
    let loss = { (count: UInt64) in [UInt64(2 | UInt32(LossCause.full.rawValue) << 5) << 32 | 1, count] }
    let words: [UInt64] = [UInt64(64 + 5) << 32 | 1] + loss(7) + [UInt64(64 + 16) << 32 | 2] + loss(5)
    let block = EventBlock(header: BlockHeader(worker: 1, sequence: 1, clock: 1 << 33), clock: .tsc, words: words)
    let path = "/dev/shm/ftrace-killed-\(System.processID)"
    defer { try? System.unlink(path) }
    for tracer in RecordedTracer.allCases {
      let snapshot = TraceSnapshot(
        tracer: tracer.rawValue, process: 1, realtime: 0, code: 0x7FFF_0000_0000..<0x7FFF_0010_0000, blockBytes: 4096,
        calibration: Calibration(clock: .tsc), blocks: [block], workers: [], names: [], losses: EventLosses())
      try snapshot.write(to: path)
      let file = try TraceFile(path: path)
      #expect(file.contents.losses[.full] == EventLosses.Counts(entries: 12))
      #expect(file.contents.workers.map(\.losses) == [file.contents.losses])
      let sums = Self.use(file).sums
      #expect(sums["entries"] == 1 && sums["lost_entries"] == 12 && sums["lost"] == 12)
    }
  }
}
