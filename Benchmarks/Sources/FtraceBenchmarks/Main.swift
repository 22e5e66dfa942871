import BenchmarkShims
import Foundation

@main
enum Main {
  static func main() {
    do {
      exit(try run(Options(CommandLine.arguments.dropFirst())))
    } catch let error as UsageError {
      if let reason = error.reason {
        FileHandle.standardError.write(Data("ftrace-benchmarks: \(reason)\n\(Options.usage)\n".utf8))
        exit(64)
      }
      print(Options.usage)
    } catch {
      FileHandle.standardError.write(Data("ftrace-benchmarks: \(error)\n".utf8))
      exit(69)
    }
  }

  private static func run(_ options: Options) throws -> Int32 {
    if bench_pin(firstCPU) != 0 {
      print("CPU \(firstCPU) is not to be had: the thread may move, and the spread is wider")
    }
    let clock = Clock()
    let machine = Machine(clock, quick: options.quick)
    print("\(machine.cpu), \(machine.cpus) CPUs, Linux \(machine.kernel), load \(machine.load.short)")
    if machine.load > 0.5 { print("something else runs on this machine: take ratios, not times") }
    var results = Results()
    for suite in Suite.all where options.suites.isEmpty || options.suites.contains(suite.name) {
      try suite.run(Bench(clock: clock, quick: options.quick), &results)
    }
    Table.print(results.rows)
    if let file = options.json {
      try JSONReport(results.rows, skipped: results.skipped, machine: machine).write(to: file)
    }
    return 0
  }
}
