import CFtraceShims
import Foundation
import Ftrace
import FtracePlatform
import FtraceQuiescence
import Testing

/// Lets in as many tests at once as there is room for their runtimes: a process has room for eight, and tests run in parallel.
///
/// Requests are served in their order, so that a test that wants the process to itself gets it.
// Unchecked: the numbers are touched with the condition's lock held.
private final class RuntimeGate: @unchecked Sendable {
  static let shared = RuntimeGate(permits: 4)

  private let permits: Int
  private let condition = NSCondition()
  private var free: Int
  private var next = 0
  private var serving = 0

  init(permits: Int) {
    self.permits = permits
    free = permits
  }

  /// Runs `body` with some permits; nil: with all.
  func with<Result>(_ wanted: Int?, _ body: () throws -> Result) rethrows -> Result {
    let wanted = min(wanted ?? permits, permits)
    condition.lock()
    let ticket = next
    next += 1
    while serving != ticket || free < wanted { condition.wait() }
    serving += 1
    free -= wanted
    condition.broadcast()
    condition.unlock()
    if wanted == permits, !everyRuntimeGoes() {
      // A closure that captures a handle of its own runtime, most likely: see `Late`.
      Issue.record("a test that has ended left its runtime behind")
    }
    defer {
      condition.lock()
      free += wanted
      condition.broadcast()
      condition.unlock()
    }
    return try body()
  }
}

/// Whether no runtime is left within some seconds: one that was released in use goes late.
private func everyRuntimeGoes() -> Bool {
  for _ in 0..<500 {
    if RuntimeSlot.takenCount == 0 { return true }
    TraceRuntime.sweepReleased()
    ftrace_sleep(10_000_000)
  }
  return false
}

/// Runs a test with a runtime of its own: small, with the daemon's clock in the test's hand, and patient with slow machines.
///
/// Quiescence is process-wide: while `body` runs emitted code on a thread it polls or parks within a short time, or the stops of
/// other tests wait for it. A test that cannot promise this is `alone`. Only one runtime at a time may be taken this way on a thread;
/// `withRuntimes` gives several.
package func withRuntime(
  _ recording: RecordingMode = .onFirstCall, alone: Bool = false, _ changes: ConfigurationChange...,
  body: (TraceRuntime) throws -> Void
) throws {
  try RuntimeGate.shared.with(alone ? nil : 1) {
    try body(TraceRuntime(testConfiguration(recording, changes)))
  }
}

/// Runs a test with up to four runtimes.
package func withRuntimes(
  _ count: Int, _ recording: RecordingMode = .onFirstCall, _ changes: ConfigurationChange...,
  body: ([TraceRuntime]) throws -> Void
) throws {
  try RuntimeGate.shared.with(count) {
    try body((0..<count).map { _ in try TraceRuntime(testConfiguration(recording, changes)) })
  }
}

/// Runs a test while no other test has a runtime.
package func aloneInProcess<Result>(_ body: () throws -> Result) rethrows -> Result {
  try RuntimeGate.shared.with(nil, body)
}

/// What a test wants otherwise than `testConfiguration`.
package struct ConfigurationChange {
  fileprivate let apply: (inout Configuration) -> Void

  package static func set<Value>(_ member: WritableKeyPath<Configuration, Value>, _ value: Value) -> ConfigurationChange
  {
    ConfigurationChange { $0[keyPath: member] = value }
  }
}

/// The configuration that tests start from.
package func testConfiguration(
  _ recording: RecordingMode = .onFirstCall, _ changes: [ConfigurationChange] = []
) -> Configuration {
  var configuration = Configuration()
  configuration.reservation = 16 << 20
  configuration.recording = recording
  configuration.daemonClock = .manual
  configuration.stopDeadline = .seconds(30)
  // `make check` runs the tests once with stops that signal at once.
  if let grace = Environment["FTRACE_TEST_GRACE_US"].flatMap(Int.init) {
    configuration.stopGrace = .microseconds(grace)
  }
  for change in changes { change.apply(&configuration) }
  return configuration
}
