/// What a torture does, and for how long.
public struct TortureOptions: Sendable {
  public var duration: Duration = .seconds(5)
  public var threads = 4
  public var functions = 200
  public var seed: UInt64 = 1
  public var recording: RecordingModeOption = .onFirstCall
  /// Random delays in race windows; needs a build with the trait `Delays`.
  public var delays = false
  /// A fault to plant; needs a build with the trait `Delays`.
  public var sabotage: String?
  /// Called about once a second with a line for people.
  public var progress: (@Sendable (String) -> Void)?

  /// How sites become known; see `RecordingMode`.
  public enum RecordingModeOption: String, Sendable, CaseIterable {
    case onFirstCall = "on-first-call"
    case atEmission = "at-emission"
  }

  public init() {}

  /// Whether this build can inject delays and faults.
  public static var hasDelays: Bool {
    #if FTRACE_DELAYS
      true
    #else
      false
    #endif
  }
}

/// What a torture counted.
public struct TortureReport: Sendable {
  public var calls: UInt64 = 0
  public var traced: UInt64 = 0
  public var expected: UInt64 = 0
  public var stops = 0
  public var registers = 0
  public var retargets = 0
  public var frees = 0
  public var redefines = 0
  public var timeouts = 0
  public var threads = 0
  public var forks = 0
  public init() {}

  /// What did not add up, one line each.
  public var mismatches: [String] = []

  /// The line that ends the output.
  public var summary: String {
    "calls=\(calls) traced=\(traced) expected=\(expected) stops=\(stops) registers=\(registers) retargets=\(retargets) "
      + "frees=\(frees) redefines=\(redefines) timeouts=\(timeouts) threads=\(threads) forks=\(forks) "
      + "mismatches=\(mismatches.count)"
  }
}
