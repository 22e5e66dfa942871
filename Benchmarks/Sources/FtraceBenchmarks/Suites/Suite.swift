/// Measurements that belong together.
struct Suite: Sendable {
  let name: String
  let run: @Sendable (Bench, inout Results) throws -> Void

  static let all = [
    Suite(name: "calls", run: callCosts), Suite(name: "tracing", run: tracing),
    Suite(name: "first-call", run: firstCalls),
    Suite(name: "patch", run: patching), Suite(name: "stop", run: stopping), Suite(name: "reader", run: reading),
    Suite(name: "assembler", run: assembling), Suite(name: "stream", run: streaming),
    Suite(name: "exits", run: exitWays),
  ]
}

/// What the suites found.
struct Results {
  private(set) var rows: [Row] = []
  private(set) var skipped: [String: String] = [:]

  mutating func add(_ row: Row) { rows.append(row) }

  mutating func skip(_ name: String, _ reason: String) {
    skipped[name] = reason
    print("\(name): skipped, \(reason)")
  }
}
