import Ftrace
import FtraceWorkloads

/// A runtime with a tracer and a workload, from before the first function is defined.
struct Session {
  let runtime: TraceRuntime
  let tracer: any Tracer
  let workload: any Workload

  /// Makes the runtime and starts the tracer, so that the first call of the first function is seen.
  init(
    _ workload: any Workload, tracer: any Tracer, filter: TraceFilter = .all, recording: RecordingMode = .atEmission
  ) throws(CommandFailure) {
    self.workload = workload
    self.tracer = tracer
    var configuration = Configuration()
    configuration.recording = recording
    configuration.reservation = 1 << 30
    configuration.daemonClock = recording == .atEmission ? .system : .manual
    do throws(FtraceError) {
      runtime = try TraceRuntime(configuration)
      try tracer.start(in: runtime, filter: filter)
    } catch { throw CommandFailure(error) }
  }

  /// Runs the workload to its end.
  func run(threads: Int?, output: WorkloadOutput) throws(WorkloadError) {
    defer { output.flush() }
    let input = WorkloadInput { Terminal.read() }
    try workload.run(in: runtime, with: WorkloadContext(threads: threads, output: output, input: input))
  }

  /// Tells what went wrong on the way without an error.
  func reportTrouble() {
    for warning in runtime.warnings { Terminal.complain(warning) }
    for site in runtime.quarantinedSites { Terminal.complain("not traced any more: \(site)") }
    let statistics = runtime.statistics
    if statistics.exhausted > 0 {
      Terminal.complain("\(statistics.exhausted) sites found no record and are not traced")
    }
    if let reason = runtime.killedReason { Terminal.complain("tracing was killed: \(reason)") }
  }
}
