import Ftrace

/// The statistics of stops as a table, or as JSON.
struct StopsReport {
  private let statistics: StopStatistics
  private let workload: String

  init(_ statistics: StopStatistics, workload: String) {
    self.statistics = statistics
    self.workload = workload
  }

  /// A measure: as people read it, its unit there, how many of those the unit has, and its name in JSON.
  private var measures: [(title: String, unit: String, scale: UInt64, key: String, values: LogHistogram)] {
    [
      ("time to stop", "us", 1000, "time_to_stop_ns", statistics.timeToStop),
      ("time stopped", "us", 1000, "time_stopped_ns", statistics.timeStopped),
      ("written", "sites", 1, "sites_written", statistics.sitesWritten),
      ("batch", "sites", 1, "batch_size", statistics.batchSize),
    ]
  }

  private static let shares: [(title: String, share: Double)] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]

  // MARK: - Text

  var lines: [String] {
    let head = ["MEASURE", "UNIT"] + Self.shares.map { $0.title.uppercased() } + ["MAX"]
    let rows = measures.map { measure in
      let values = Self.shares.map { measure.values.quantile($0.share) } + [measure.values.max]
      return [measure.title, measure.unit] + values.map { Self.text($0, scale: measure.scale) }
    }
    var lines = Table.lines(head, rows)
    lines.append("\(statistics.stops) stops, \(statistics.lateStops) late, \(statistics.refusedStops) refused")
    let last = statistics.lastWorkers.map { "\($0.name.isEmpty ? "(ended since)" : $0.name) \($0.stops)" }
    lines.append("last to arrive: " + (last.isEmpty ? "nobody was waited for" : last.joined(separator: ", ")))
    return lines
  }

  /// With one digit after the point where the unit has a scale.
  private static func text(_ value: UInt64?, scale: UInt64) -> String {
    guard let value else { return "-" }
    guard scale > 1 else { return "\(value)" }
    let tenths = value / (scale / 10) + (value % (scale / 10) >= scale / 20 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: - JSON

  /// One object on one line, its members in a fixed order.
  var json: String {
    var members = [
      #""workload":"# + Self.quoted(workload), #""stops":\#(statistics.stops)"#, #""late":\#(statistics.lateStops)"#,
      #""refused":\#(statistics.refusedStops)"#, #""relative_error":\#(LogHistogram.relativeError)"#,
    ]
    for measure in measures {
      let values =
        Self.shares.map { #""\#($0.title)":\#(Self.number(measure.values.quantile($0.share)))"# }
        + [#""max":\#(Self.number(measure.values.max))"#]
      members.append(#""\#(measure.key)":{\#(values.joined(separator: ","))}"#)
    }
    let workers = statistics.lastWorkers.map {
      #"{"name":\#(Self.quoted($0.name)),"stops":\#($0.stops),"overcount":\#($0.overcount)}"#
    }
    members.append(#""last_workers":[\#(workers.joined(separator: ","))]"#)
    return "{\(members.joined(separator: ","))}"
  }

  private static func number(_ value: UInt64?) -> String { value.map { "\($0)" } ?? "null" }

  /// A string of JSON: quotes, backslashes and control characters escaped (RFC 8259, section 7).
  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
      guard scalar.value < 0x20 else { return String(scalar) }
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return "\"\(escaped.joined())\""
  }
}
