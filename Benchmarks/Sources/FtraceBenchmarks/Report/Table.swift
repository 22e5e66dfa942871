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
    let widths = header.indices.map { column in ([header] + cells).map { $0[column].count }.max() ?? 0 }
    let numbers: Set<Int> = [1, 2, 4, 5, 6, 8]
    for line in [header] + cells {
      let text = line.indices.map { line[$0].padded(to: widths[$0], right: numbers.contains($0)) }
      Swift.print(text.joined(separator: "  ").trimmedEnd)
    }
    for row in rows where !row.extra.isEmpty {
      let figures = row.extra.map { "\($0.name) \($0.value.short)" }
      Swift.print("\(row.name): \(figures.joined(separator: ", "))")
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
