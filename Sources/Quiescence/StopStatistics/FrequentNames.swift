/// Counts of the names that come most often, in a table of fixed size: the algorithm Space-Saving (Metwally, Agrawal and El Abbadi 2005).
///
/// Every name that made up more than a sixteenth of all is in the table. A count is never too low, and too high by at most what its
/// row says.
struct FrequentNames: Equatable, Sendable {
  struct Row: Equatable, Sendable {
    var name = WorkerName("")
    /// 0: the row is free.
    var count: UInt64 = 0
    /// The count that the row had under another name before.
    var overcount: UInt64 = 0
  }

  static let capacity = 16
  private var rows = InlineArray<16, Row>(repeating: Row())

  mutating func add(_ name: WorkerName) {
    var rarest = 0
    for index in 0..<Self.capacity {
      if rows[index].count > 0 && rows[index].name == name {
        rows[index].count += 1
        return
      }
      if rows[index].count < rows[rarest].count { rarest = index }
    }
    // A free row has count 0, and is the rarest.
    let count = rows[rarest].count
    rows[rarest] = Row(name: name, count: count + 1, overcount: count)
  }

  /// The rows in use, largest count first; equal ones in the order in which they came.
  var sorted: [Row] {
    let used = (0..<Self.capacity).map { rows[$0] }.filter { $0.count > 0 }
    return used.enumerated()
      .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
      .map(\.element)
  }

  static func == (left: FrequentNames, right: FrequentNames) -> Bool {
    for index in 0..<capacity where left.rows[index] != right.rows[index] { return false }
    return true
  }
}
