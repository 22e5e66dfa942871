import CFtraceShims
import FtracePlatform

/// Times of the time-stamp counter as times of CLOCK_MONOTONIC: a line through two moments at which both were read.
public struct TraceClock: Sendable, Hashable {
  /// Both clocks at one moment.
  public struct Sample: Sendable, Hashable {
    public var counter: UInt64
    public var nanoseconds: UInt64

    public init(counter: UInt64, nanoseconds: UInt64) {
      self.counter = counter
      self.nanoseconds = nanoseconds
    }
  }

  public let start: Sample
  public let end: Sample

  public init(from start: Sample, to end: Sample) {
    self.start = start
    self.end = end
  }

  /// Reads both clocks, of several tries the one with the least time between the two readings of the counter.
  public static func sample() -> Sample {
    var best = (gap: UInt64.max, sample: Sample(counter: 0, nanoseconds: 0))
    for _ in 0..<8 {
      let before = ftrace_rdtsc()
      let nanoseconds = System.monotonicNanoseconds
      let after = ftrace_rdtsc()
      let gap = after &- before
      if gap < best.gap { best = (gap, Sample(counter: before &+ gap / 2, nanoseconds: nanoseconds)) }
    }
    return best.sample
  }

  /// CLOCK_MONOTONIC in nanoseconds at a time of the counter. Times outside of the two samples are extrapolated.
  public func nanoseconds(at counter: UInt64) -> UInt64 {
    let counted = end.counter &- start.counter
    let passed = end.nanoseconds &- start.nanoseconds
    let since = Int64(bitPattern: counter &- start.counter)
    guard counted > 0 else { return start.nanoseconds }
    // 128 bits: the product of two times of hours does not fit into 64.
    let product = since.magnitude.multipliedFullWidth(by: passed)
    guard product.high < counted else { return start.nanoseconds }
    let scaled = counted.dividingFullWidth(product).quotient
    return since < 0 ? start.nanoseconds &- scaled : start.nanoseconds &+ scaled
  }
}
