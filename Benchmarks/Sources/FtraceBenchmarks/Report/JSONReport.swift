import Foundation

/// The results as `{"machine": …, "results": [{"name", "median_ns", "p10_ns", "p90_ns", "baseline", "ratio"}]}`, with further members.
struct JSONReport: Encodable {
  struct Result: Encodable {
    var name: String
    var median_ns: Double
    var p10_ns: Double
    var p90_ns: Double
    /// Name of what `ratio` is relative to, and its median.
    var baseline: String?
    var baseline_ns: Double?
    var ratio: Double?
    var budget: String?
    var budget_limit: Double?
    var budget_value: Double?
    var verdict: String?
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
        name: row.name, median_ns: row.samples.median, p10_ns: row.samples.percentile(10),
        p90_ns: row.samples.percentile(90), baseline: row.baseline?.name, baseline_ns: row.baseline?.samples.median,
        ratio: row.ratio, budget: row.budget?.text, budget_limit: row.budget?.limit, budget_value: row.budget?.value,
        verdict: row.budget?.verdict.rawValue,
        extra: Dictionary(uniqueKeysWithValues: row.extra.map { ($0.name, $0.value) }))
    }
  }

  /// - Throws: errors of the file system.
  func write(to file: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try (encoder.encode(self) + Data("\n".utf8)).write(to: URL(fileURLWithPath: file), options: .atomic)
  }
}
