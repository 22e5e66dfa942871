/// Columns of text, for rows that come piece by piece: a column is as wide as what has come so far.
struct Table {
  private var widths: [Int]

  init(_ head: [String]) {
    widths = head.map(Self.width)
  }

  /// All lines of a table, from its head on.
  static func lines(_ head: [String], _ rows: [[String]]) -> [String] {
    var table = Table(head)
    return table.lines([head] + rows)
  }

  /// Rows with their columns aligned; the last one is not padded.
  mutating func lines(_ rows: [[String]]) -> [String] {
    for row in rows {
      for column in row.indices { widths[column] = max(widths[column], Self.width(row[column])) }
    }
    return rows.map { row in
      var line = ""
      for column in row.indices.dropLast() {
        line += row[column]
        for _ in Self.width(row[column])..<widths[column] + 2 { line += " " }
      }
      return line + (row.last ?? "")
    }
  }

  /// As `count`, which is slow for what most texts are.
  private static func width(_ text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.count
  }
}
