import CFtraceShims
import FtracePlatform

/// Times of a buffer's clock as times of CLOCK_MONOTONIC: lines through moments at which both were read.
///
/// Between two samples times are interpolated, outside of them extrapolated. For clocks other than the time-stamp counter samples are not needed.
public struct Calibration: Sendable, Hashable {
  /// Both clocks at one moment.
  public struct Sample: Sendable, Hashable {
    /// The buffer's clock, and CLOCK_MONOTONIC at that moment.
    public var counter: UInt64
    public var nanoseconds: UInt64

    public init(counter: UInt64, nanoseconds: UInt64) {
      self.counter = counter
      self.nanoseconds = nanoseconds
    }
  }

  /// Whose times these are.
  public let clock: TraceClockKind
  /// In order of time.
  public private(set) var samples: [Sample]

  /// Puts samples together, which are in the order of their counters.
  public init(clock: TraceClockKind, samples: [Sample] = []) {
    self.clock = clock
    self.samples = []
    for sample in samples { add(sample) }
  }

  /// Adds a sample, which is later than those before it; others are left out.
  public mutating func add(_ sample: Sample) {
    if let last = samples.last, sample.counter <= last.counter || sample.nanoseconds <= last.nanoseconds { return }
    samples.append(sample)
  }

  /// Reads both clocks, of several tries the one with the least time between the two readings of the counter. Any thread.
  public static func sample(_ clock: TraceClockKind) -> Sample {
    guard clock == .tsc else {
      let now = System.monotonicNanoseconds
      return Sample(counter: clock == .coarse ? now >> 20 : clock == .monotonic ? now : 0, nanoseconds: now)
    }
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

  /// The first sample of this process: with it a trace that was cut off at once has two.
  package static let origin = sample(.tsc)

  /// CLOCK_MONOTONIC in nanoseconds at a time of the clock; nil for `ordinal`, and for `tsc` with fewer than two samples. O(log samples).
  public func nanoseconds(at counter: UInt64) -> UInt64? {
    switch clock {
    case .ordinal: return nil
    case .monotonic: return counter
    case .coarse: return counter << 20
    case .tsc: break
    }
    guard samples.count >= 2 else { return nil }
    // The first sample that is later, so that the line is the one around the time, or the nearest.
    var low = 1
    var high = samples.count - 1
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].counter < counter { low = middle + 1 } else { high = middle }
    }
    return Self.interpolate(counter, samples[low - 1], samples[low])
  }

  private static func interpolate(_ counter: UInt64, _ start: Sample, _ end: Sample) -> UInt64 {
    let counted = end.counter &- start.counter
    let passed = end.nanoseconds &- start.nanoseconds
    let since = Int64(bitPattern: counter &- start.counter)
    // 128 bits: the product of two times of hours does not fit into 64.
    let product = since.magnitude.multipliedFullWidth(by: passed)
    guard product.high < counted else { return since < 0 ? 0 : .max }
    let scaled = counted.dividingFullWidth(product).quotient
    return since < 0 ? start.nanoseconds &- scaled : start.nanoseconds &+ scaled
  }
}
