import CFtraceShims
import FtraceTestSupport
import Synchronization
import Testing

/// How long a thread waits in race windows follows from the seed and its number. The functions are in every build; windows call them in one with
/// the trait `Delays`.
@Suite struct DelayTests {
  /// The first delays of threads that draw at the same time, each with a number; nil: none was given to it.
  private func delays(seed: UInt64, _ numbers: [UInt64?]) -> [[UInt64]] {
    let drawn = Mutex([[UInt64]](repeating: [], count: numbers.count))
    onThreads(numbers.count) { index in
      if let number = numbers[index] { ftrace_delay_number(number) }
      // Safe: a thread's stream lives as long as the thread.
      let delays = (0..<2000).map { _ in unsafe ftrace_delay_draw(ftrace_delay_self(), seed) }
      drawn.withLock { $0[index] = delays }
    }
    return drawn.withLock { $0 }
  }

  @Test func theyFollowFromSeedAndNumberWhateverOthersDo() {
    let together = delays(seed: 5, [1, 2, 3, nil, nil])
    #expect(delays(seed: 5, [3, 1]) == [together[2], together[0]])
    #expect(delays(seed: 5, [2]) == [together[1]])
    #expect(Set(together.prefix(4)).count == 4)
    // Threads without a number have the same stream, that of 0.
    #expect(together[3] == together[4])
    #expect(delays(seed: 5, [0]) == [together[3]])
    #expect(delays(seed: 6, [1]) != [together[0]])
    // Most windows are passed at once, and some threads wait for long.
    #expect(together[0].count { $0 == 0 } > 1500)
    #expect(together[0].contains { $0 > 0 })
  }
}
