import CFtraceTraceBuffer
import FtracePlatform

/// Whether times of the processor's time-stamp counter can be compared over time and between processors.
public enum TimestampCounter {
  /// CPUID says that it runs at one rate in every state of the processor.
  public static var isInvariant: Bool { ftrace_tsc_invariant() }

  /// The clock source that the kernel has chosen, nil if it does not say.
  public static var kernelClockSource: String? {
    TextFile.firstLine(of: "/sys/devices/system/clocksource/clocksource0/current_clocksource")
  }

  /// Why the counter is not used, nil if it is; what a report says beside a trace's times.
  public static let refusal: String? = reason(isInvariant: isInvariant, clockSource: kernelClockSource)

  /// Whether a buffer that asks for `.tsc` gets it. An invariant counter that the kernel does not trust is used, and ``warning`` says so.
  static var isUsable: Bool { refusal == nil }

  /// What is doubtful about the counter, nil if nothing is.
  public static let warning: String? = doubt(clockSource: kernelClockSource)

  package static func reason(isInvariant: Bool, clockSource: String?) -> String? {
    isInvariant
      ? nil
      : "the processor's time-stamp counter is not invariant (CPUID 80000007H); times are those of CLOCK_MONOTONIC"
  }

  package static func doubt(clockSource: String?) -> String? {
    guard let clockSource, clockSource != "tsc" else { return nil }
    return "the kernel's clock source is \(clockSource), not tsc: counters of different processors may not agree"
  }
}
