import Ftrace

/// What an operation cost, as the clock and the engine's counters say.
struct Cost {
  var time: Duration
  var stops: Int
  var lastStop: StopReport?
  var sitesWritten: Int
  var innerCallsWritten: Int

  static func of(
    in runtime: TraceRuntime, _ body: () throws(FtraceError) -> Void
  ) throws(FtraceError) -> Cost {
    let before = runtime.statistics
    let start = ContinuousClock.now
    try body()
    let time = ContinuousClock.now - start
    let after = runtime.statistics
    let stops = after.stops - before.stops
    return Cost(
      time: time, stops: stops, lastStop: stops > 0 ? runtime.lastStop : nil,
      sitesWritten: after.sitesWritten - before.sitesWritten,
      innerCallsWritten: after.innerCallsWritten - before.innerCallsWritten)
  }
}

extension Duration {
  /// The duration in the unit that suits it, with three digits.
  var text: String {
    let nanoseconds = Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9
    for (limit, unit, scale) in [(1e3, "ns", 1.0), (1e6, "us", 1e3), (1e9, "ms", 1e6)] where nanoseconds < limit {
      return "\(Self.threeDigits(nanoseconds / scale)) \(unit)"
    }
    return "\(Self.threeDigits(nanoseconds / 1e9)) s"
  }

  private static func threeDigits(_ value: Double) -> String {
    let decimals = value < 10 ? 2 : value < 100 ? 1 : 0
    let scale = decimals == 2 ? 100.0 : decimals == 1 ? 10.0 : 1.0
    let rounded = Int((value * scale).rounded())
    guard decimals > 0 else { return "\(rounded)" }
    let fraction = "\(rounded % Int(scale))"
    return "\(rounded / Int(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}

extension String {
  func leading(_ width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
  func trailing(_ width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}

/// A number with its noun, in the plural unless it is one.
func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
