import CFtraceTraceBuffer

extension TraceBuffer {
  /// Makes the events those that a graph chooses: `graph` is the address of a `struct ftrace_graph`. Before the sink is registered;
  /// the graph stays as long as code that appends can run.
  package func setGraph(_ graph: UInt) {
    unsafe ftrace_buffer_set_graph(buffer, OpaquePointer(bitPattern: graph).map { unsafe UnsafeMutablePointer($0) })
  }

  /// A time in units of the clock, rounded up, at least 1; the largest there is for `ordinal`, which has no times. As exact as the time since the
  /// process first read its clock allows: some microseconds of it make a thousandth.
  package func ticks(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard seconds >= 0, !overflow else { return seconds < 0 ? 1 : .max }
    let nanoseconds = UInt64(product) &+ UInt64((attoseconds + 999_999_999) / 1_000_000_000)
    switch clock {
    case .ordinal: return .max
    case .monotonic: return max(1, nanoseconds)
    case .coarse: return max(1, (nanoseconds + (1 << 20) - 1) >> 20)
    case .tsc:
      let start = Calibration.origin
      let end = Calibration.sample(.tsc)
      let (counted, passed) = (end.counter &- start.counter, end.nanoseconds &- start.nanoseconds)
      let wide = nanoseconds.multipliedFullWidth(by: counted)
      guard passed > 0, wide.high < passed else { return .max }
      return max(1, passed.dividingFullWidth(wide).quotient)
    }
  }
}
