import CFtraceTorture
import Ftrace

/// What a torture does, and for how long.
public struct TortureOptions: Sendable {
  public var duration: Duration = .seconds(5)
  public var threads = 4
  public var functions = 200
  public var seed: UInt64 = 1
  public var recording: RecordingModeOption = .onFirstCall
  public var mapping: MappingOption = .automatic
  /// Whether the daemon has a thread of its own, with a period of milliseconds; otherwise the controller drives it.
  public var daemon = false
  /// How long workers have to arrive at a stop by themselves, before a signal stops them at any instruction; nil: they are waited for.
  public var grace: Duration? = .microseconds(20)
  /// Whether workers come and go: they end after a while and are replaced.
  public var churn = false
  /// Whether the process forks now and then; a child checks what it has for a moment, and ends. A child that finds something writes to
  /// standard error.
  public var forks = false
  /// Whether compiled tracers of events and of counts are started and stopped as well, and their books settled for each worker.
  public var tracers = true
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

  /// How code memory is mapped; see `CodeArena.Mapping`.
  public enum MappingOption: String, Sendable, CaseIterable {
    case automatic
    case dual
    case toggling
  }

  /// Workers whose thread ends before its first call, as if it could not be attached: for a test.
  package var failingWorkers = 0
  /// Bounds for a test: steps of the controller in place of a duration, and turns of each worker, which are waited for.
  package var steps: Int?
  package var turns: Int?
  /// Whether the report has what each thread did.
  package var keepsLogs: Bool { steps != nil || turns != nil }

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
  /// Times that emitted code was left by longjmp(3); not in the summary.
  public var landings = 0
  /// Compiled tracers that were started, and what they recorded and lost.
  public var tracers = 0
  public var events: UInt64 = 0
  public var lost: UInt64 = 0
  /// The same by cause; not in the summary.
  public var losses = EventLosses()
  /// Where the stops that divided the books found the workers; not in the summary.
  public var findings = TortureFindings()
  /// What threads did, of a torture with bounds.
  package var operations: [TortureThread: OperationLog] = [:]

  public init() {}

  /// What did not add up, one line each.
  public var mismatches: [String] = []

  /// The figures of a moment, for a process that ends suddenly.
  func publish() {
    torture_publish(
      torture_figures(
        calls: calls, traced: traced, expected: expected, stops: UInt64(stops), registers: UInt64(registers),
        retargets: UInt64(retargets), frees: UInt64(frees), redefines: UInt64(redefines), timeouts: UInt64(timeouts),
        threads: UInt64(threads), forks: UInt64(forks)))
  }

  /// What compiled tracers did: the line before the last.
  public var tracerSummary: String { "events=\(events) lost=\(lost) tracers=\(tracers)" }

  /// The line that ends the output.
  public var summary: String {
    "calls=\(calls) traced=\(traced) expected=\(expected) stops=\(stops) registers=\(registers) retargets=\(retargets) "
      + "frees=\(frees) redefines=\(redefines) timeouts=\(timeouts) threads=\(threads) forks=\(forks) "
      + "mismatches=\(mismatches.count)"
  }
}
