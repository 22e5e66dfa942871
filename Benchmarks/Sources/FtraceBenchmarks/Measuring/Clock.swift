import BenchmarkShims

/// The time-stamp counter, calibrated against CLOCK_MONOTONIC.
struct Clock: Sendable {
  let nanosecondsPerTick: Double

  /// Compares the two clocks for a tenth of a second.
  init() {
    let (ticks, nanoseconds) = (bench_ticks(), bench_nanoseconds())
    while bench_nanoseconds() - nanoseconds < 100_000_000 {}
    nanosecondsPerTick = Double(bench_nanoseconds() - nanoseconds) / Double(bench_ticks() - ticks)
  }

  /// Nanoseconds that `body` takes.
  @inline(__always)
  func time<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
    let start = bench_ticks()
    try body()
    return Double(bench_ticks() - start) * nanosecondsPerTick
  }
}
