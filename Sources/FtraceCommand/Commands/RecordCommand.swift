import ArgumentParser
import Ftrace
import FtraceWorkloads

struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Run a workload, and record the calls of its functions in a file.",
    discussion: """
      Entries and exits are recorded, as the tracer function_graph does, or with --tracer function entries with their callers. The workload's own \
      output is all that is on standard output. 'ftrace report FILE' prints what was recorded.

      A process that is killed leaves a file that report reads.

      Example: ftrace record -o fib.trace fib --args -- 20
      """)

  @OptionGroup var workload: WorkloadOptions
  @OptionGroup var choice: TracerChoice

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to record to; it is made anew.", valueName: "file"))
  var output: String

  @Flag(
    help: ArgumentHelp(
      "Record to a ring of --buffer-size in the file: the last events, also if the process is killed.",
      discussion: "The file belongs on a tmpfs, as /dev/shm."))
  var ring = false

  func validate() throws {
    if let problem = WorkloadOptions.problem(ofOutput: output) { throw ValidationError(problem) }
  }

  func run() throws {
    let name = choice.tracer ?? RecordedTracer.functionGraph.rawValue
    guard let tracer = RecordedTracer(rawValue: name) else {
      throw CommandFailure(.usage, "record writes the events of function or function_graph, not of '\(name)'")
    }
    if choice.triggers.trigger.contains(where: { $0.trigger.action == .snapshot }) {
      throw CommandFailure(.usage, "a recording has no snapshots: they are for 'ftrace run'")
    }
    let session = try Session(try workload.make(), tracer: NopTracer())
    let recorder: TraceRecorder
    var options = choice.options
    if ring { options.mode = .overwrite }
    do throws(TraceRecorderError) {
      recorder = try TraceRecorder(
        in: session.runtime, filter: choice.traceFilter, options: options, tracer: tracer,
        kind: ring ? .ring : .stream, to: output)
    } catch { throw CommandFailure(error) }

    var failure: CommandFailure?
    do throws(WorkloadError) {
      try session.run(threads: workload.threads, output: WorkloadOutput { Terminal.write($0) })
    } catch { failure = CommandFailure(error) }

    do throws(TraceRecorderError) {
      let losses = try recorder.finish()
      if losses.total > losses[.overwritten].total {
        Terminal.complain(
          "\(losses.entries) entries and \(losses.exits) exits were lost: 'ftrace report \(output)' says why")
      }
      if recorder.missedTriggers > 0 {
        Terminal.complain("triggers could not act \(recorder.missedTriggers) times")
      }
    } catch { throw CommandFailure(error) }
    choice.warnOfClock(name)
    choice.warnOfIdleGlobs(in: session.runtime)
    session.reportTrouble()
    if let failure { throw failure }
    try Terminal.checkOutput()
  }
}

extension CommandFailure {
  init(_ error: TraceRecorderError) {
    switch error {
    case .engine(let error): self.init(error)
    case .file, .incomplete: self.init(.refused, error.description)
    }
  }
}
