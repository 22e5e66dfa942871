import FtraceQuiescence
import FtraceTestSupport
import Testing

/// Histograms against the exact quantiles of what they were given.
@Suite struct LogHistogramTests {
  private static let shares = [0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1]

  @Test("every value lies in its class; classes follow one another without a gap from 0 to UInt64.max")
  func classes() {
    var next: UInt64? = 0
    for number in 0..<LogHistogram.classCount {
      let (low, high) = (LogHistogram.lowerEnd(ofClass: number), LogHistogram.upperEnd(ofClass: number))
      #expect(low == next)
      #expect(LogHistogram.classNumber(of: low) == number && LogHistogram.classNumber(of: high) == number)
      // The bound: the width, less one, is less than a sixteenth of the smallest value.
      #expect(high - low < Swift.max(1, low / UInt64(LogHistogram.classesPerPowerOfTwo)))
      next = high == .max ? nil : high + 1
    }
    #expect(next == nil)
  }

  @Test(
    "quantiles are never below the exact ones, and above by less than a sixteenth", arguments: 0..<6 as Range<UInt64>)
  func bound(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // Narrow and wide distributions: as many powers of two as the seed says.
    let samples = (0..<5000).map { _ in random.next() >> UInt64.random(in: (63 - seed * 12)...63, using: &random) }
    var histogram = LogHistogram()
    for sample in samples { histogram.record(sample) }
    let sorted = samples.sorted()
    #expect((histogram.min, histogram.max) == (sorted.first, sorted.last))
    for share in Self.shares {
      let exact = sorted[Int(LogHistogram.rank(of: share, in: UInt64(sorted.count))) - 1]
      guard let found = histogram.quantile(share) else { return #expect(Bool(false), "there are samples") }
      #expect(found >= exact && found - exact <= exact / 16, "seed \(seed), share \(share)")
    }
    #expect(histogram.quantile(1) == sorted.last)
  }

  @Test(arguments: [(0, 1), (0.5, 5), (0.51, 6), (0.9, 9), (0.91, 10), (1, 10)] as [(Double, UInt64)])
  func ranks(share: Double, rank: UInt64) {
    #expect(LogHistogram.rank(of: share, in: 10) == rank)
    var histogram = LogHistogram()
    for value in 1...10 as ClosedRange<UInt64> { histogram.record(value) }
    #expect(histogram.quantile(share) == rank, "values below 16 are exact")
  }

  @Test(
    "the edges are exact where they stand alone", arguments: [0, 1, 15, 16, 17, 31, 32, .max - 1, .max] as [UInt64])
  func edges(value: UInt64) {
    var histogram = LogHistogram()
    histogram.record(value)
    for share in Self.shares { #expect(histogram.quantile(share) == value) }
    #expect((histogram.count, histogram.min, histogram.max) == (1, value, value))
  }

  @Test func zeroOneAndTheLargestTogether() {
    var histogram = LogHistogram()
    for value in [.max, 0, 1] as [UInt64] { histogram.record(value) }
    #expect([0, 0.5, 1].map { histogram.quantile($0) } == [0, 1, .max])
    #expect(LogHistogram.rank(of: 1, in: .max) == .max)
    #expect(LogHistogram.rank(of: 0, in: .max) == 1)
  }

  @Test func anEmptyOneHasNoQuantiles() {
    let histogram = LogHistogram()
    #expect(histogram.isEmpty && histogram.count == 0)
    #expect(histogram.min == nil && histogram.max == nil && histogram.quantile(0.5) == nil)
  }

  @Test("merged parts are equal to the whole, in any order; reset is as new")
  func merge() {
    var random = SeededGenerator(seed: 3)
    var (whole, parts) = (LogHistogram(), [LogHistogram](repeating: LogHistogram(), count: 3))
    for number in 0..<3000 {
      let value = random.next() >> (random.next() % 64)
      whole.record(value)
      parts[number % 3].record(value)
    }
    var merged = LogHistogram()
    for part in parts.reversed() { merged.merge(part) }
    #expect(merged == whole)
    merged.merge(LogHistogram())
    #expect(merged == whole)
    merged.reset()
    #expect(merged == LogHistogram() && merged != whole)
    merged.merge(whole)
    #expect(merged == whole)
  }
}
