import ArgumentParser
import Ftrace
import FtraceWorkloads

/// A workload and its arguments, as several commands take them.
struct WorkloadOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("What to run: see 'ftrace workloads'.", valueName: "workload"))
  var name: String

  @Argument(parsing: .postTerminator, help: "Arguments of the workload, after --.")
  var arguments: [String] = []

  @Option(parsing: .unconditional, help: ArgumentHelp("Threads that run the workload, 1 to 1024.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is a number from 1 to 1024") }
  }

  /// What is wrong with the name of a file for the trace.
  static func problem(ofOutput name: String?) -> String? {
    switch name {
    case "-": "standard output is the workload's own: give the trace a file"
    case "": "--output needs the name of a file"
    default: nil
    }
  }

  /// The workload, with its arguments read. What is wrong with any is found here, before a file is made for the trace.
  func make() throws(CommandFailure) -> any Workload {
    guard let type = Workloads.named(name) else { throw .unknown("workload", name, of: Workloads.names) }
    if let threads, threads > type.maximumThreads {
      let most = type.maximumThreads == 1 ? "one thread" : "at most \(type.maximumThreads) threads"
      throw CommandFailure(.usage, "\(name) runs on \(most): leave --threads out")
    }
    do throws(WorkloadError) { return try type.init(arguments: arguments) } catch { throw CommandFailure(error) }
  }
}

/// Which tracer, and for which functions.
struct TracerChoice: ParsableArguments {
  @Option(help: ArgumentHelp("nop, function, function_graph, profile, count or stack.", valueName: "tracer"))
  var tracer: String?

  @Option(help: ArgumentHelp("Trace only functions whose name matches; can be given several times.", valueName: "glob"))
  var filter: [String] = []

  @Option(help: ArgumentHelp("Leave out functions whose name matches; can be given several times.", valueName: "glob"))
  var notrace: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Memory for events: 8K to 1T, as 64K, 512M or 1G; a number alone is one of MiB.", valueName: "size"))
  var bufferSize = BufferSize(bytes: 512 << 20)

  @Option(
    help: ArgumentHelp(
      "What becomes of events that do not fit: discard loses them, overwrite those before them.", valueName: "mode"))
  var mode = TraceBuffer.Mode.discard

  @Option(help: ArgumentHelp("Times of events.", valueName: "clock"))
  var clock = ClockName(.tsc)

  @Flag(help: "Record arguments and results, of functions whose signature was declared: function and function_graph.")
  var args = false

  @OptionGroup var graph: GraphOptions
  @OptionGroup var triggers: TriggerOptions

  func validate() throws {
    if let problem = bufferSize.problem { throw ValidationError(problem) }
    if (filter + notrace + graph.graph).contains("") {
      throw ValidationError("an empty glob matches no function: '*' matches all")
    }
    if args, let tracer, RecordedTracer(rawValue: tracer) == nil, Tracers.named(tracer) != nil {
      throw ValidationError("--args is for the tracers function and function_graph: \(tracer) records no values")
    }
    if args, graph.limits.threshold != nil {
      throw ValidationError("--threshold writes a call when it has ended, and its arguments are gone: leave --args out")
    }
    if graph.limits.threshold != nil, clock.kind == .ordinal {
      throw ValidationError("--threshold needs times: leave --clock ordinal out")
    }
  }

  var traceFilter: TraceFilter {
    TraceFilter(trace: filter.map { Glob($0) }, notrace: notrace.map { Glob($0) })
  }

  var options: TracerOptions {
    var options = TracerOptions(bufferBytes: bufferSize.bytes)
    options.clock = clock.kind
    options.mode = mode
    options.values = args
    options.graph = graph.limits
    options.triggers = triggers.trigger.map(\.trigger)
    options.beginsPaused = triggers.paused
    return options
  }

  func make() throws(CommandFailure) -> any Tracer {
    if let problem = triggers.problem(for: tracer) { throw CommandFailure(.usage, problem) }
    let name = tracer ?? NopTracer.name
    // One that calls a function of the program is for programs.
    let names = Tracers.names.filter { $0 != CallbackTracer.name }
    guard names.contains(name), let type = Tracers.named(name) else { throw .unknown("tracer", name, of: names) }
    return type.init(options: options)
  }

  /// Says so if times are not those of the clock that was asked for.
  /// - Parameter tracer: the tracer in use.
  func warnOfClock(_ tracer: String) {
    guard clock.kind == .tsc, ![NopTracer.name, CountTracer.name, StackTracer.name].contains(tracer) else { return }
    if let refusal = TimestampCounter.refusal { Terminal.complain(refusal) }
  }

  /// Says which globs match nothing that the runtime has.
  func warnOfIdleGlobs(in runtime: TraceRuntime) {
    let names = runtime.functionNames
    for glob in filter + notrace + graph.graph + triggers.trigger.map(\.glob)
    where !names.contains(where: { Glob(glob).matches($0) }) {
      let nearest = names.nearest(to: glob)
      Terminal.complain(
        "no function matches '\(glob)'" + (nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?"))
    }
  }
}

extension TraceBuffer.Mode: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "overwrite": self = .overwrite
    case "discard": self = .discard
    default: return nil
    }
  }

  public static var allValueStrings: [String] { ["overwrite", "discard"] }
}

/// A clock, as users type it: its case's name. A type of its own, since help shows numbers for an enumeration that has numbers.
struct ClockName: ExpressibleByArgument {
  var kind: TraceClockKind

  init(_ kind: TraceClockKind) { self.kind = kind }

  init?(argument: String) {
    guard let kind = TraceClockKind.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self.kind = kind
  }

  static var allValueStrings: [String] { TraceClockKind.allCases.map { "\($0)" } }

  var defaultValueDescription: String { "\(kind)" }
}
