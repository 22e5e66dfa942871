/// What the command line asks for.
struct Options {
  /// Fewer rounds and shorter batches: for a look, not for figures.
  var quick = false
  /// Where the results go as JSON.
  var json: String?
  /// Suites to run; all of them if it is empty.
  var suites: Set<String> = []

  static let usage = """
    usage: ftrace-benchmarks [--quick] [--json FILE] [--suite NAME]...
      --quick       fewer rounds, shorter batches
      --json FILE   write the results to FILE as well
      --suite NAME  run one suite: \(Suite.all.map(\.name).joined(separator: ", ")); may be given several times
    """

  /// - Throws: `UsageError`.
  init(_ arguments: some Sequence<String>) throws {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      switch argument {
      case "--quick": quick = true
      case "--json":
        guard let file = rest.next() else { throw UsageError(reason: "--json needs the name of a file") }
        json = file
      case "--suite":
        guard let name = rest.next(), Suite.all.contains(where: { $0.name == name }) else {
          throw UsageError(reason: "--suite needs the name of a suite")
        }
        suites.insert(name)
      case "--help", "-h": throw UsageError(reason: nil)
      default: throw UsageError(reason: "'\(argument)' is not an option")
      }
    }
  }
}

/// A command line that cannot be understood, or asks for help (no reason).
struct UsageError: Error {
  var reason: String?
}
