import ArgumentParser
import FtraceWorkloads

struct WorkloadsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workloads", abstract: "List the built-in workloads and their arguments.")

  func run() throws {
    let width = Workloads.all.map { $0.name.count + $0.usage.count + 1 }.max() ?? 0
    for workload in Workloads.all {
      let title = "\(workload.name) \(workload.usage)"
      Terminal.print(title + String(repeating: " ", count: width - title.count + 2) + workload.help)
    }
    try Terminal.checkOutput()
  }
}
