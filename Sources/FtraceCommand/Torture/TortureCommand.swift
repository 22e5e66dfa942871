import ArgumentParser
import CFtraceTorture
import Foundation
import Ftrace
import FtraceTorture

/// `ftrace torture`: workers against a controller, with exact books.
struct TortureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "torture",
    abstract: "Call random functions under a controller that patches without pause, and settle every call.",
    discussion: """
      Every emitted body counts its own calls by the instruction after its site; tracers count what they see. Both are read \
      while the world is stopped, and must agree to the last call. What compiled tracers recorded and lost is held against the \
      same counters, and the line before the last says how much that was. The last line has the figures; the exit code is 1 if \
      anything did not add up.
      """)

  @Option(parsing: .unconditional, help: "How long it runs.") var seconds: Double = 5
  @Option(parsing: .unconditional, help: "Worker threads, 1 to 4096.") var threads = 4
  @Option(parsing: .unconditional, help: "Functions in the call graph, 1 to 100000.") var functions = 200
  @Option(parsing: .unconditional, help: "Fixes the operations of each thread.") var seed: UInt64 = 1
  @Option(help: "How sites become known: on-first-call or at-emission.")
  var recording: TortureOptions.RecordingModeOption = .onFirstCall
  @Option(help: "How code memory is mapped: automatic, dual or toggling.")
  var mapping: TortureOptions.MappingOption = .automatic
  @Flag(help: "Let the daemon run by itself, every 2 ms, while the controller does its work.") var daemon = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long workers have to poll or park, before a signal stops them wherever they are; 'never': they are waited for.",
      valueName: "microseconds"))
  var grace = "20"
  @Flag(help: "Let worker threads end after a while, and replace them.") var churn = false
  @Flag(help: "Fork every few hundred milliseconds, and have the child check what it got.") var fork = false
  @Flag(inversion: .prefixedNo, help: "Start and stop compiled tracers as well, and settle their events.") var tracers =
    true
  @Flag(help: "Inject random delays into race windows (needs a build with the trait Delays).") var delays = false
  @Option(
    help: ArgumentHelp(
      "Plant a fault: drop-event, skip-site, stale-callee, skip-wait, skip-scan or lose-event (needs a build with the trait Delays).",
      valueName: "fault"))
  var sabotage: String?

  private static let mostFunctions = 100_000
  static let sabotages = ["drop-event", "skip-site", "stale-callee", "skip-wait", "skip-scan", "lose-event"]

  func validate() throws {
    guard seconds > 0, threads > 0, functions > 0 else {
      throw ValidationError("--seconds, --threads and --functions are greater than zero")
    }
    guard seconds <= 1_000_000 else { throw ValidationError("--seconds is at most 1000000") }
    guard grace == "never" || Int(grace).map({ $0 >= 0 }) == true else {
      throw ValidationError("--grace is a number of microseconds, or never")
    }
    guard threads <= 4096 else { throw ValidationError("--threads is at most 4096") }
    guard functions <= Self.mostFunctions else { throw ValidationError("--functions is at most \(Self.mostFunctions)") }
    if delays || sabotage != nil, !TortureOptions.hasDelays {
      throw ValidationError(
        "--delays and --sabotage need a build with the trait Delays: swift build -c release --traits Delays --product ftrace"
      )
    }
  }

  func run() throws {
    if let sabotage, !Self.sabotages.contains(sabotage) {
      throw CommandFailure.unknown("saboteur", sabotage, of: Self.sabotages)
    }
    var options = TortureOptions()
    options.duration = .milliseconds(Int64(seconds * 1000))
    options.threads = threads
    options.functions = functions
    options.seed = seed
    options.recording = recording
    options.mapping = mapping
    options.daemon = daemon
    options.grace = Int(grace).map { .microseconds($0) }
    options.churn = churn
    options.forks = fork
    options.tracers = tracers
    options.delays = delays
    options.sabotage = sabotage
    options.progress = { line in FileHandle.standardError.write(Data("ftrace: torture: \(line)\n".utf8)) }
    // Far more than the beginning and the end take, on a machine that is busy with other things.
    torture_catch_crashes(UInt64(seconds) + 60 + UInt64(functions / 250))
    let report = try Torture(options).run()
    options.progress?("\(report.findings)")
    let causes = LossCause.allCases.map { "\($0) \(report.losses[$0].total)" }
    options.progress?("events lost by cause: \(causes.joined(separator: ", "))")
    for mismatch in report.mismatches.prefix(20) { Terminal.print("mismatch: \(mismatch)") }
    Terminal.print(report.tracerSummary)
    Terminal.print(report.summary)
    if !report.mismatches.isEmpty { throw ExitCode(1) }
    try Terminal.checkOutput()
  }
}

extension TortureOptions.RecordingModeOption: ExpressibleByArgument {}
extension TortureOptions.MappingOption: ExpressibleByArgument {}
