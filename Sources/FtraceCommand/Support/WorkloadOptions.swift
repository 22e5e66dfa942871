import ArgumentParser
import Ftrace
import FtraceWorkloads

/// A workload and its arguments, as several commands take them.
struct WorkloadOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("What to run: see 'ftrace workloads'.", valueName: "workload"))
  var name: String

  @Argument(parsing: .postTerminator, help: "Arguments of the workload, after --.")
  var arguments: [String] = []

  @Option(help: ArgumentHelp("Threads that run the workload, 1 to 1024.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is a number from 1 to 1024") }
  }

  /// The workload, with its arguments read.
  func make() throws(CommandFailure) -> any Workload {
    guard let type = Workloads.named(name) else { throw .unknown("workload", name, of: Workloads.names) }
    do throws(WorkloadError) { return try type.init(arguments: arguments) } catch { throw CommandFailure(error) }
  }
}

/// Which tracer, and for which functions.
struct TracerChoice: ParsableArguments {
  @Option(help: ArgumentHelp("nop, function, function_graph, count or profile.", valueName: "tracer"))
  var tracer: String?

  @Option(help: ArgumentHelp("Trace only functions whose name matches; can be given several times.", valueName: "glob"))
  var filter: [String] = []

  @Option(help: ArgumentHelp("Leave out functions whose name matches; can be given several times.", valueName: "glob"))
  var notrace: [String] = []

  @Option(help: ArgumentHelp("Memory for events, in MiB, 1 to 1048576.", valueName: "MiB"))
  var bufferSize = 512

  @Option(
    help: ArgumentHelp("Times of function_graph and profile: tsc, coarse, ordinal or monotonic.", valueName: "clock"))
  var clock = TraceClockKind.tsc

  @OptionGroup var graph: GraphOptions

  func validate() throws {
    guard (1...1 << 20).contains(bufferSize) else {
      throw ValidationError("--buffer-size is a number from 1 to 1048576")
    }
    if graph.limits.threshold != nil, clock == .ordinal {
      throw ValidationError("--threshold needs times: leave --clock ordinal out")
    }
  }

  var traceFilter: TraceFilter {
    TraceFilter(trace: filter.map { Glob($0) }, notrace: notrace.map { Glob($0) })
  }

  var options: TracerOptions {
    var options = TracerOptions(bufferBytes: bufferSize << 20)
    options.clock = clock
    options.graph = graph.limits
    return options
  }

  func make() throws(CommandFailure) -> any Tracer {
    let name = tracer ?? NopTracer.name
    guard let type = Tracers.named(name) else { throw .unknown("tracer", name, of: Tracers.names) }
    return type.init(options: options)
  }

  /// Says which globs match nothing that the runtime has.
  func warnOfIdleGlobs(in runtime: TraceRuntime) {
    let names = runtime.functionNames
    for glob in filter + notrace + graph.graph where !names.contains(where: { Glob(glob).matches($0) }) {
      let nearest = names.nearest(to: glob)
      Terminal.complain(
        "no function matches '\(glob)'" + (nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?"))
    }
  }
}

extension TraceClockKind: ExpressibleByArgument {
  public init?(argument: String) {
    guard let clock = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = clock
  }

  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}
