/// The results as text.
enum Table {
  static func print(_ rows: [Row]) {
    let header = ["row", "median ns", "p10-p90", "baseline", "ns", "ratio", "added", "budget", "is", "verdict"]
    let cells = rows.map { row in
      [
        row.name, row.samples.median.short,
        "\(row.samples.percentile(10).short)-\(row.samples.percentile(90).short)",
        row.baseline?.name ?? "", row.baseline?.samples.median.short ?? "", row.ratio?.fixed(3) ?? "",
        row.added?.short ?? "", row.budget?.text ?? "", row.budget?.value.short ?? "",
        row.budget?.verdict.rawValue ?? "",
      ]
    }
    printAligned([header] + cells, numbers: [1, 2, 4, 5, 6, 8])
    printStops(rows.filter { $0.lastWorker != nil })
    for row in rows where !row.extra.isEmpty {
      let figures = row.extra.map { "\($0.name) \($0.value.short)" }
      Swift.print("\(row.name): \(figures.joined(separator: ", "))")
    }
  }

  /// The tails of stops, in microseconds.
  private static func printStops(_ rows: [Row]) {
    guard !rows.isEmpty else { return }
    let cells = rows.map { row in
      [row.name, "\(row.samples.values.count)"]
        + [50, 99, 100].map { (row.samples.percentile($0) / 1000).short } + [row.lastWorker ?? ""]
    }
    printAligned([["stops", "number", "p50 us", "p99 us", "max us", "last to arrive"]] + cells, numbers: [1, 2, 3, 4])
  }

  private static func printAligned(_ lines: [[String]], numbers: Set<Int>) {
    let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    for line in lines {
      let text = line.indices.map { line[$0].padded(to: widths[$0], right: numbers.contains($0)) }
      Swift.print(text.joined(separator: "  ").trimmedEnd)
    }
  }
}

extension String {
  fileprivate var trimmedEnd: String {
    var result = self
    while result.last == " " { result.removeLast() }
    return result
  }
}
