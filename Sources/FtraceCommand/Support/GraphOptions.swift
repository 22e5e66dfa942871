import ArgumentParser
import Ftrace

/// Which calls `function_graph` records.
struct GraphOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Record only functions whose name matches, and what they call; can be given several times.", valueName: "glob"))
  var graph: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Record calls that are nested at most so deep, from 1.", valueName: "n")
  )
  var maxDepth: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Record calls that took at least so long: 500ns, 10us, 1.5ms, 2s.", valueName: "duration"))
  var threshold: Threshold?

  func validate() throws {
    if let maxDepth, maxDepth < 1 { throw ValidationError("--max-depth is a number from 1") }
  }

  var limits: GraphLimits {
    GraphLimits(maxDepth: maxDepth, threshold: threshold?.duration, roots: graph.map { Glob($0) })
  }
}

/// A duration as users type it.
struct Threshold: ExpressibleByArgument {
  var duration: Duration

  init?(argument: String) {
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
    guard let (unit, nanoseconds) = units.first(where: { argument.hasSuffix($0.0) }),
      let number = Double(argument.dropLast(unit.count)), number > 0, number * nanoseconds < 1e18
    else { return nil }
    duration = .nanoseconds(Int64((number * nanoseconds).rounded(.up)))
  }
}
