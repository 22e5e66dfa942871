import ArgumentParser
import FtraceEngine

/// `ftrace`: its commands are the rows of `subcommands`.
struct Root: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "ftrace",
    abstract: "Dynamic function tracing for code that is compiled at run time.",
    version: version,
    subcommands: [
      WorkloadsCommand.self, RunCommand.self, RecordCommand.self, ReportCommand.self, SitesCommand.self,
      StopsCommand.self, AuditCommand.self, LifeCommand.self,
      TortureCommand.self,
    ])

  /// An unknown command gets an answer that helps; the parser calls it an unexpected argument.
  static func checkCommandName(_ arguments: some Sequence<String>) throws(CommandFailure) {
    let names = configuration.subcommands.map { $0._commandName } + ["help"]
    for name in arguments.prefix(2) {
      if name.hasPrefix("-") { return }
      if !names.contains(name) { throw .unknown("command", name, of: names) }
      if name != "help" { return }
    }
  }

  /// Tells the user of an error, or prints the help or the version that was asked for. Returns the exit code.
  static func report(_ error: any Error) -> Int32 {
    if let failure = error as? CommandFailure ?? (error as? FtraceError).map({ CommandFailure($0) }) {
      if !failure.message.isEmpty { Terminal.complain(failure.message) }
      return failure.code
    }
    let code = exitCode(for: error)
    guard code != .success else {
      Terminal.print(fullMessage(for: error))
      do throws(CommandFailure) { try Terminal.checkOutput() } catch { return report(error) }
      return code.rawValue
    }
    var text = fullMessage(for: error)
    if text.hasPrefix("Error: ") { text.removeFirst("Error: ".count) }
    if text.hasPrefix("Unexpected argument") || text.contains("unexpected arguments"), text.contains("<workload>") {
      text = text.replacing(
        "\nUsage", with: " (the arguments of a workload follow after --)\nUsage", maxReplacements: 1)
    }
    if !text.isEmpty { Terminal.complain(text) }
    return code.rawValue
  }
}
