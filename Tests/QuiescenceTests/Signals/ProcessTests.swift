import Foundation
import Testing

/// What needs a process of its own, tried by `ftrace-test-helper`.
@Suite struct ProcessTests {
  /// The helper lies beside the tests.
  private static func run(_ arguments: [String]) throws -> (
    reason: Process.TerminationReason, status: Int32, errors: String
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("ftrace-test-helper")
    process.arguments = arguments
    // Of the scenarios, those that are about membarrier(2) refuse it in their own way.
    if ["membarrier", "sandbox"].contains(arguments[0]) {
      process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "FTRACE_MEMBARRIER" }
    }
    let pipe = Pipe()
    process.standardError = pipe
    try process.run()
    let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationReason, process.terminationStatus, errors)
  }

  /// What `scripts/sanitize` leaves out, and why, it says itself.
  private static let scenarios: [String] = {
    let all = [
      "chain", "exit-inside", "foreign-stack", "fork", "fork-denied", "fork-first", "fork-graph", "fork-idle",
      "fork-malloc", "frozen fair", "frozen loader",
      "frozen malloc", "frozen metadata", "frozen mutex", "frozen once", "frozen stream", "frozen-own",
      "membarrier ENOSYS", "membarrier EPERM", "pools",
      "sandbox executable", "sandbox membarrier", "sandbox page", "sandbox serialising",
      "storm", "thread-exit-in-stop", "thread-exit-inside", "worker stack-check", "worker poll-in-park",
      "worker park-in-recorder",
      "worker inner-stack", "worker inner-stack-poll", "worker inner-stack-park", "worker end-at-gate",
      "worker end-at-nested-gate", "worker landing", "worker landing-may-leave", "worker late-place",
      "worker taken-signal",
      "worker blocked-signal", "worker tiny-stack",
      "worker territory",
      "worker install",
      "chain-flags", "fork-leaving", "fork-recording", "fork-tracers",
    ]
    let left = ProcessInfo.processInfo.environment["FTRACE_TEST_WITHOUT"]?.split(separator: ",").map(String.init) ?? []
    for name in left { precondition(all.contains(name), "no such scenario: \(name)") }
    return all.filter { !left.contains($0) }
  }()

  @Test(arguments: scenarios)
  func succeeds(_ scenario: String) throws {
    let (reason, status, errors) = try Self.run(scenario.split(separator: " ").map(String.init))
    #expect(errors.isEmpty)
    #expect(reason == .exit && status == 0, "\(scenario): \(status)")
  }

  @Test("a host that has left code which recorded a call is ended, and told why")
  func landingHalfDone() throws {
    let (reason, _, errors) = try Self.run(["worker", "landing-half-done"])
    #expect(reason == .uncaughtSignal)
    #expect(errors.contains("only emitted code may be left (ftrace_landing_may_leave)"))
  }

  @Test("without a handler of the program, a signal that is no stopper's ends the process")
  func defaultAction() throws {
    let (reason, _, errors) = try Self.run(["default"])
    #expect(errors.isEmpty)
    #expect(reason == .uncaughtSignal)
  }
}
