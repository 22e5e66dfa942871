import Foundation

/// The results as `{"machine": …, "results": [{"name", "median_ns", "p10_ns", "p90_ns", "baseline", "ratio"}]}`, with further members.
struct JSONReport: Encodable {
  struct Result: Encodable {
    var name: String
    var medianNs: Double
    var p10Ns: Double
    var p90Ns: Double
    var p99Ns: Double
    var maxNs: Double
    /// Name of what `ratio` is relative to, and its median.
    var baseline: String?
    var baselineNs: Double?
    var ratio: Double?
    var budget: String?
    var budgetLimit: Double?
    var budgetValue: Double?
    var verdict: String?
    var lastWorker: String?
    var extra: [String: Double]
  }

  var machine: Machine
  var results: [Result]
  /// Rows that could not be measured, and why.
  var skipped: [String: String]

  init(_ rows: [Row], skipped: [String: String], machine: Machine) {
    self.machine = machine
    self.skipped = skipped
    results = rows.map { row in
      Result(
        name: row.name, medianNs: row.samples.median, p10Ns: row.samples.percentile(10),
        p90Ns: row.samples.percentile(90), p99Ns: row.samples.percentile(99), maxNs: row.samples.percentile(100),
        baseline: row.baseline?.name, baselineNs: row.baseline?.samples.median,
        ratio: row.ratio, budget: row.budget?.text, budgetLimit: row.budget?.limit, budgetValue: row.budget?.value,
        verdict: row.budget?.verdict.rawValue, lastWorker: row.lastWorker,
        extra: Dictionary(uniqueKeysWithValues: row.extra.map { ($0.name, $0.value) }))
    }
  }

  /// - Throws: errors of the file system.
  func write(to file: String) throws {
    let encoder = JSONEncoder()
    // `medianNs` becomes `median_ns`.
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try (encoder.encode(self) + Data("\n".utf8)).write(to: URL(fileURLWithPath: file), options: .atomic)
  }
}
