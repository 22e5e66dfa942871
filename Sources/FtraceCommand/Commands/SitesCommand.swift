import ArgumentParser
import Ftrace
import FtraceWorkloads

struct SitesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sites", abstract: "Run a workload, and print every site with its state, bytes and disassembly.",
    discussion: """
      The workload's own output is discarded. With --recording on-first-call (the library's default) a function that was never \
      called shows the call of mcount that it was emitted with; one that was called has been converted to a NOP. With a tracer, \
      sites are shown as they are while it is registered.
      """)

  enum Recording: String, ExpressibleByArgument, CaseIterable {
    case firstCall = "on-first-call"
    case atEmission = "at-emission"
  }

  @OptionGroup var workload: WorkloadOptions
  @OptionGroup var choice: TracerChoice

  @Option(help: "How sites become known: on-first-call or at-emission.")
  var recording = Recording.firstCall

  func run() throws {
    let tracer = try choice.make()
    let listing = try Listing()
    let session = try Session(
      try workload.make(), tracer: tracer, filter: choice.traceFilter,
      recording: recording == .firstCall ? .onFirstCall : .atEmission)
    do throws(WorkloadError) { try session.run(threads: workload.threads, output: .discarded) } catch {
      throw CommandFailure(error)
    }
    do throws(FtraceError) {
      if recording == .firstCall {
        try session.runtime.advanceDaemonClock(by: session.runtime.configuration.daemonPeriod)
      }
      Self.printSites(of: session.runtime, listing)
      for (function, returns) in Dictionary(grouping: session.runtime.untracedReturns, by: \.function).sorted(by: {
        $0.key < $1.key
      }) {
        Terminal.complain("\(function): \(counted(returns.count, "return")) without an exit site")
      }
      _ = try tracer.stop()
    } catch { throw CommandFailure(error) }
    choice.warnOfIdleGlobs(in: session.runtime)
    session.reportTrouble()
    try Terminal.checkOutput()
  }

  /// Prints a line for each site: address, state, bytes, instruction, function. Piece by piece: there can be millions.
  private static func printSites(of runtime: TraceRuntime, _ listing: Listing) {
    let head = ["ADDRESS", "SITE", "STATE", "BYTES", "INSTRUCTION", "FUNCTION"]
    var table = Table(head)
    let sites = runtime.sites
    for start in stride(from: 0, through: sites.count, by: 4096) {
      let rows = sites[start..<min(start + 4096, sites.count)].map { site in
        [
          String(site.ip, radix: 16), "\(site.kind)", site.state.text, site.bytes.hex,
          listing.instruction(site.bytes, at: site.ip, in: runtime), site.function,
        ]
      }
      for line in table.lines(start == 0 ? [head] + rows : rows) { Terminal.print(line) }
    }
  }
}

extension SiteReport.State {
  /// The state in a word or two.
  var text: String {
    switch self {
    case .unrecorded: "unrecorded"
    case .pending: "pending"
    case .nop: "nop"
    case .tracing: "tracing"
    case .quarantined: "quarantined"
    case .excluded(.wideVectors(let bits)): "excluded (\(bits)-bit vectors)"
    case .excluded(.noRecord): "excluded (no record)"
    }
  }
}
