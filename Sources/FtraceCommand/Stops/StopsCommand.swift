import ArgumentParser
import Ftrace
import FtraceEngine
import FtraceWorkloads

struct StopsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stops", abstract: "Switch tracing on and off under a workload, and print what the stops cost.",
    discussion: """
      The workload is run again and again until there were enough stops; its own output is discarded. Each switch writes every \
      site. Quantiles are never too low, and less than a sixteenth too high; the maximum is exact. A stop that a worker did not \
      reach before the deadline changes nothing and is counted as late.

      Example: ftrace stops pool --threads 4 --stops 2000
      """)

  @OptionGroup var workload: WorkloadOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Switch so many times, 1 to 10000000.", valueName: "n"))
  var stops = 1000

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Microseconds between two switches, 0 to 1000000.", valueName: "us"))
  var period = 200

  @Flag(help: "Print one JSON object instead of the table.")
  var json = false

  func validate() throws {
    guard (1...10_000_000).contains(stops) else { throw ValidationError("--stops is a number from 1 to 10000000") }
    guard (0...1_000_000).contains(period) else { throw ValidationError("--period is a number from 0 to 1000000") }
  }

  func run() throws {
    let program = try workload.make()
    let session = try Session(program, tracer: NopTracer(options: TracerOptions()))
    let switcher = try Switcher(session.runtime, stops: stops, microseconds: period)
    do throws(WorkloadError) {
      // Once in any case, and to its end.
      repeat {
        try session.run(threads: workload.threads, output: .discarded)
        do throws(FtraceError) { try Self.forgetFunctions(of: session.runtime) } catch { throw .runtime(error) }
      } while switcher.isRunning
    } catch {
      switcher.stop()
      throw CommandFailure(error)
    }
    switcher.stop()
    if let error = switcher.error { throw CommandFailure(error) }

    let statistics = session.runtime.stopStatistics
    let report = StopsReport(statistics, workload: workload.name)
    if json { Terminal.print(report.json) } else { for line in report.lines { Terminal.print(line) } }
    if let late = switcher.firstLate {
      Terminal.complain("\(statistics.lateStops) stops were late; the first: \(late)")
    }
    session.reportTrouble()
    try Terminal.checkOutput()
  }

  /// Frees all functions, so that the next run can define them again. No thread is in them.
  private static func forgetFunctions(of runtime: TraceRuntime) throws(FtraceError) {
    var functions: [FunctionHandle] = []
    for name in runtime.functionNames { functions.append(try runtime.function(named: name)) }
    for error in try runtime.free(functions, force: true) { if let error { throw error } }
  }
}
