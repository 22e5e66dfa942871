import CFtraceShims

extension System {
  /// CLOCK_MONOTONIC in nanoseconds: what `perf record -k mono` uses, so that traces and samples line up. Any thread.
  package static var monotonicNanoseconds: UInt64 { ftrace_clock_nanoseconds(CLOCK_MONOTONIC) }

  /// CLOCK_MONOTONIC_RAW in nanoseconds: no rate adjustment, the reference to calibrate the TSC by. Any thread.
  package static var rawMonotonicNanoseconds: UInt64 { ftrace_clock_nanoseconds(CLOCK_MONOTONIC_RAW) }

  /// CLOCK_REALTIME in nanoseconds since 1970, for the heads of files. Any thread.
  package static var realtimeNanoseconds: UInt64 { ftrace_clock_nanoseconds(CLOCK_REALTIME) }

  /// Nanoseconds of processor time that the calling thread has used.
  package static var threadCPUNanoseconds: UInt64 { ftrace_clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID) }
}
