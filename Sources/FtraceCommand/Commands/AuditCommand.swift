import ArgumentParser
import Ftrace
import FtraceEngine
import FtraceWorkloads

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Run a workload, then hold every site against its record.",
    discussion: "Exits with 1 and prints a line for each site whose bytes are not what its record says.")

  @OptionGroup var workload: WorkloadOptions
  @OptionGroup var choice: TracerChoice

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("First overwrite so many sites behind the engine's back.", valueName: "n"))
  var corrupt = 0

  func validate() throws {
    if corrupt < 0 { throw ValidationError("--corrupt is a number from 0") }
  }

  func run() throws {
    let tracer = try choice.make()
    let session = try Session(try workload.make(), tracer: tracer, filter: choice.traceFilter)
    do throws(WorkloadError) { try session.run(threads: workload.threads, output: .discarded) } catch {
      throw CommandFailure(error)
    }
    let runtime = session.runtime
    try damage(runtime)
    let report = runtime.audit()
    for site in report.damaged { Terminal.print("\(site)") }
    Terminal.print("\(report.checked) places checked, \(report.damaged.count) damaged")
    if !report.isSound { throw CommandFailure(.checkFailed, "") }
    try Terminal.checkOutput()
  }

  /// Overwrites sites, spread evenly over the code.
  private func damage(_ runtime: TraceRuntime) throws(CommandFailure) {
    guard corrupt > 0 else { return }
    let sites = runtime.sites
    guard corrupt <= sites.count else {
      throw CommandFailure(.usage, "--corrupt \(corrupt) is more than the \(sites.count) sites there are")
    }
    for number in 0..<corrupt {
      let breakpoints = [UInt8](repeating: 0xCC, count: 5)
      do throws(FtraceError) {
        try runtime.overwriteSite(at: sites[number * sites.count / corrupt].ip, with: breakpoints)
      } catch { throw CommandFailure(error) }
    }
  }
}
