import Ftrace
import Testing

@Suite struct TraceClockTests {
  private func clock(_ counters: ClosedRange<UInt64>, _ nanoseconds: ClosedRange<UInt64>) -> TraceClock {
    TraceClock(
      from: TraceClock.Sample(counter: counters.lowerBound, nanoseconds: nanoseconds.lowerBound),
      to: TraceClock.Sample(counter: counters.upperBound, nanoseconds: nanoseconds.upperBound))
  }

  @Test("the samples are met exactly, times between and beyond them lie on the line through them")
  func line() {
    let clock = clock(1000...4000, 50_000...51_000)
    #expect(clock.nanoseconds(at: 1000) == 50_000)
    #expect(clock.nanoseconds(at: 4000) == 51_000)
    #expect(clock.nanoseconds(at: 2500) == 50_500)
    #expect(clock.nanoseconds(at: 7000) == 52_000)
    #expect(clock.nanoseconds(at: 400) == 49_800)
  }

  @Test("a hundred days at 5 GHz do not overflow")
  func long() {
    let nanoseconds: UInt64 = 100 * 86_400 * 1_000_000_000
    let clock = clock(1 << 63...1 << 63 + nanoseconds * 5, 0...nanoseconds)
    #expect(clock.nanoseconds(at: 1 << 63 + nanoseconds * 5) == nanoseconds)
    #expect(clock.nanoseconds(at: 1 << 63 + nanoseconds) == nanoseconds / 5)
  }

  @Test("two samples at one moment give that moment")
  func empty() {
    #expect(clock(5...5, 70...70).nanoseconds(at: 9) == 70)
  }

  @Test("samples go forward")
  func samples() {
    let first = TraceClock.sample()
    let second = TraceClock.sample()
    #expect(first.counter < second.counter)
    #expect(first.nanoseconds <= second.nanoseconds)
  }
}
