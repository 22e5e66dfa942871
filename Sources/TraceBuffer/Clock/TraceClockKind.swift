/// What the times of events are.
@frozen public enum TraceClockKind: UInt32, Sendable, Hashable, CaseIterable {
  /// The processor's time-stamp counter; `Calibration` makes nanoseconds of it.
  case tsc = 0
  /// A word of 2^20 ns of CLOCK_MONOTONIC (1.05 ms) that a helper thread refreshes twice as often: the cheapest that merges across workers.
  case coarse = 1
  /// None: events are in order within each worker, and are not merged across workers.
  case ordinal = 2
  /// CLOCK_MONOTONIC in nanoseconds.
  case monotonic = 3
}
