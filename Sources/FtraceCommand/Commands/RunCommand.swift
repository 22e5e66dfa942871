import ArgumentParser
import Ftrace
import FtraceWorkloads

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a workload, and print the trace of it.",
    discussion: """
      The workload's own output is all that is on standard output. The trace has the kernel's layout.

      Example: ftrace run fib --tracer function_graph --args --limit 10 -- 20
      """)

  @OptionGroup var workload: WorkloadOptions
  @OptionGroup var choice: TracerChoice

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Print so many lines of the trace, and how many more there were.", valueName: "n"))
  var limit: Int?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the trace to a file; else to standard error.", valueName: "file"))
  var output: String?

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit is a number from 0") }
    if !choice.graph.limits.isUnlimited, choice.tracer != FunctionGraphTracer.name {
      throw ValidationError("--graph, --max-depth and --threshold choose among calls of --tracer function_graph")
    }
    if let problem = WorkloadOptions.problem(ofOutput: output) { throw ValidationError(problem) }
  }

  func run() throws {
    // Everything that the user may have got wrong comes before the program runs.
    let tracer = try choice.make()
    let session = try Session(try workload.make(), tracer: tracer, filter: choice.traceFilter)
    let file = try OutputFile(output)

    var failure: CommandFailure?
    do throws(WorkloadError) {
      try session.run(threads: workload.threads, output: WorkloadOutput { Terminal.write($0) })
    } catch { failure = CommandFailure(error) }

    // What was traced up to a failure is worth as much as the rest.
    let trace: any TraceReport
    do throws(FtraceError) { trace = try tracer.stop() } catch { throw CommandFailure(error) }
    if choice.tracer != nil || output != nil { try write(trace, of: session.runtime, to: file) }
    choice.warnOfClock(choice.tracer ?? NopTracer.name)
    choice.warnOfIdleGlobs(in: session.runtime)
    session.reportTrouble()
    if let failure { throw failure }
    try Terminal.checkOutput()
  }

  private func write(_ trace: any TraceReport, of runtime: TraceRuntime, to file: borrowing OutputFile)
    throws(CommandFailure)
  {
    try file.truncate()
    try trace.write(of: runtime, limit: limit) { (bytes) throws(CommandFailure) in try file.write(bytes) }
  }
}
