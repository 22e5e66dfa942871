import CFtraceShims
import CFtraceTraceBufferTests
import FtraceTestSupport
import FtraceTraceBuffer
import Testing

/// One clock for all tests that set it, so they take turns.
@Suite(.serialized) struct ClockTests {
  private let second: UInt64 = 3_700_000_000  // ticks of such a counter

  private func buffer(_ kind: TraceClockKind, blocks: Int = 64) throws -> TraceBuffer {
    let buffer = try TraceBuffer(.small(.discard, blocks: blocks, clock: kind))
    unsafe buffer.setClock(ftrace_test_clock, nil)
    return buffer
  }

  private func times(_ blocks: [EventBlock], worker: UInt32 = 1) -> [UInt64] {
    blocks.filter { $0.header.worker == worker }.flatMap { block in
      block.filter { $0.kind == .entry || $0.kind == .exit }.map(\.clock)
    }
  }

  @Test func pausesOfAnyLengthComeOutRight() throws {
    let buffer = try buffer(.tsc)
    let writer = Writer(buffer, testClock: true)
    var now: UInt64 = 5 << 32 | 0xFFFF_FF00
    var expected: [UInt64] = []
    for pause in [0, 1, 2, 5, 60, 60, 5, 0, 1, 3600, 86400] as [UInt64] {
      now += pause * second
      for _ in 0..<3 {
        now += 200
        ftrace_test_clock_set(now)
        writer.enter(1)
        writer.exit()
        expected += [now, now]
      }
    }
    writer.close()
    #expect(times(buffer.consume()) == expected)
  }

  @Test func idleWorkersAndCopiesOfTheirOpenBlocksKeepTheTime() throws {
    let buffer = try buffer(.tsc)
    let writer = Writer(buffer, testClock: true)
    let other = Writer(buffer, testClock: true)
    var expected: [UInt64] = []
    var read: [UInt64] = []
    for step in 1...200 as ClosedRange<UInt64> {
      let now = step * second * (step % 3 + 1) + 77
      ftrace_test_clock_set(max(now, expected.last ?? 0))
      writer.enter(2)
      writer.exit()
      if step % 50 == 1 { other.enter(3) }
      expected += [max(now, expected.last ?? 0), max(now, expected.last ?? 0)]
      // The open block is copied, and the rest of it comes with the next copy: the upper half of the clock must be known there.
      if step % 7 == 0 { read += times(buffer.takeBlocks()) }
    }
    writer.close()
    other.close()
    read += times(buffer.takeBlocks())
    #expect(read == expected)
  }

  @Test func pausesAreRightAcrossBlocksAndGaps() throws {
    let buffer = try buffer(.monotonic, blocks: 2)
    let writer = Writer(buffer, testClock: true)
    var last: UInt64 = 0
    for step in 0..<20 as Range<UInt64> {
      let now = (step + 1) * 61_000_000_000
      ftrace_test_clock_set(now)
      writer.run(seed: step, operations: 2000)
      for time in times(buffer.consume()) {
        #expect(time >= last && time % 61_000_000_000 == 0 && time <= now)
        last = time
      }
    }
    #expect(buffer.losses[.full].total > 0)
    writer.close()
  }

  @Test func theCoarseClockIsExtendedWithinABlock() throws {
    let buffer = try buffer(.coarse)
    let writer = Writer(buffer, testClock: true)
    var expected: [UInt64] = []
    for now in [0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0007, 0x1_F000_0000, 0x2_0000_0001] as [UInt64] {
      ftrace_test_clock_set(now)
      writer.enter(1)
      expected.append(now)
    }
    writer.close()
    #expect(times(buffer.consume()) == expected)
  }

  @Test func theCoarseClockRuns() throws {
    let clock = try CoarseClock.start()
    let first = CoarseClock.now
    // It is refreshed twice a unit; a system that gives the helper no time within 10 s has other worries.
    for _ in 0..<10_000 where CoarseClock.now < first + 3 { ftrace_sleep(1_000_000) }
    #expect(CoarseClock.now >= first + 3)
    withExtendedLifetime(clock) {}
  }

  @Test func theOrdinalClockIsTheOrderOfTheStream() throws {
    let buffer = try TraceBuffer(.small(.discard, clock: .ordinal))
    let writer = Writer(buffer)
    for function in 0..<100 as Range<UInt32> { writer.enter(function) }
    writer.close()
    let blocks = buffer.consume()
    #expect(times(blocks).allSatisfy { $0 == 0 })
    let entries = blocks.flatMap { block in block.filter { $0.kind == .entry } }
    let expected: [UInt32] = (0..<100).map { $0 * 64 + 5 }
    #expect(entries.map(\.afterSite) == expected)
  }

  @Test func calibrationInterpolatesBetweenSamples() {
    var calibration = Calibration(clock: .tsc)
    #expect(calibration.nanoseconds(at: 5) == nil)
    for (counter, nanoseconds) in [(1000, 500), (3000, 1500), (4000, 3500)] as [(UInt64, UInt64)] {
      calibration.add(.init(counter: counter, nanoseconds: nanoseconds))
    }
    calibration.add(.init(counter: 3999, nanoseconds: 9000))  // goes back: left out
    #expect(calibration.samples.count == 3)
    #expect(calibration.nanoseconds(at: 2000) == 1000)
    #expect(calibration.nanoseconds(at: 3500) == 2500)
    #expect(calibration.nanoseconds(at: 0) == 0)
    #expect(calibration.nanoseconds(at: 5000) == 5500)
    #expect(Calibration(clock: .coarse).nanoseconds(at: 3) == 3 << 20)
    #expect(Calibration(clock: .ordinal).nanoseconds(at: 3) == nil)
    // Days.
    let day: UInt64 = 86_400 * 3_700_000_000
    let long = Calibration(
      clock: .tsc,
      samples: [.init(counter: 0, nanoseconds: 0), .init(counter: day, nanoseconds: 86_400_000_000_000)])
    #expect(long.nanoseconds(at: 30 * day) == 30 * 86_400_000_000_000)
  }

  @Test func aCounterThatIsNotInvariantIsNotUsed() {
    #expect(TimestampCounter.reason(isInvariant: true, clockSource: "tsc") == nil)
    #expect(TimestampCounter.reason(isInvariant: false, clockSource: "tsc")?.contains("CLOCK_MONOTONIC") == true)
    #expect(TimestampCounter.doubt(clockSource: "hpet")?.contains("hpet") == true)
    #expect(TimestampCounter.doubt(clockSource: "tsc") == nil)
  }

  @Test("a buffer says whether its clock is another than was asked for", arguments: TraceClockKind.allCases)
  func fallingBack(kind: TraceClockKind) throws {
    let buffer = try TraceBuffer(.small(.discard, clock: kind))
    #expect(buffer.clockFellBack == (kind == .tsc && TimestampCounter.refusal != nil))
  }
}
