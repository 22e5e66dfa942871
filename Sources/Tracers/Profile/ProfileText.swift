/// A profile as text: a table, and below it how the calls of each function are distributed.
struct ProfileText {
  private(set) var text: String

  init(_ profile: Profile, limit: Int?) {
    text = "# tracer: \(ProfileTracer.name)\n#\n"
    let shown = profile.functions.prefix(limit ?? .max)
    let rows = shown.map { function in
      [function.calls.description]
        + [
          function.own, function.total, function.total / max(1, function.calls), function.least, function.most,
        ].map { profile.hasTimes ? Self.time($0) : "-" }
    }
    let header = ["CALLS", "SELF", "TOTAL", "MEAN", "MIN", "MAX"]
    let widths = header.indices.map { column in max(10, rows.map { $0[column].count }.max() ?? 0) }
    func line(_ start: String, _ cells: [String], _ name: String) -> String {
      start
        + zip(cells, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }
        .joined(separator: "  ") + "  " + name + "\n"
    }
    text += line("# ", header, "FUNCTION")
    for (function, row) in zip(shown, rows) { text += line("  ", row, function.name) }
    if profile.functions.count > shown.count { text += "# \(profile.functions.count - shown.count) more\n" }
    if profile.hasTimes { for function in shown { text += Self.histogram(function) } }
    for (count, reason) in profile.missing.reasons where count > 0 {
      text += "# \(count) calls are missing: \(reason)\n"
    }
  }

  private static func histogram(_ function: Profile.Function) -> String {
    let most = function.histogram.map(\.calls).max() ?? 1
    var text = "#\n# \(function.name): calls by duration\n"
    for bucket in function.histogram {
      let bar = String(repeating: "#", count: max(1, bucket.calls * 40 / most))
      text +=
        "#  \(padded(time(bucket.from))) - \(padded(time(bucket.below)))  \(padded(String(bucket.calls), 12))  \(bar)\n"
    }
    return text
  }

  private static func padded(_ text: String, _ width: Int = 10) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Four digits at most, and the unit.
  static func time(_ duration: Duration) -> String {
    let nanoseconds = Double(duration / .nanoseconds(1))
    let units: [(Double, String)] = [(1e9, "s "), (1e6, "ms"), (1e3, "us")]
    guard let (size, unit) = units.first(where: { nanoseconds >= $0.0 }) else { return "\(Int(nanoseconds)) ns" }
    let thousandths = Int(nanoseconds / size * 1000)
    let fraction = String(thousandths % 1000)
    let digits = String(repeating: "0", count: 3 - fraction.count) + fraction
    let whole = String(thousandths / 1000)
    let kept = max(0, 4 - whole.count)
    return whole + (kept == 0 ? "" : "." + digits.prefix(kept)) + " " + unit
  }
}

extension Profile.Missing {
  /// How many, and why.
  var reasons: [(Int, String)] {
    [
      (openAtStart, "they began before the tracer"),
      (openAtEnd, "they had not ended"),
      (unwound, "they ended without a return"),
      (tooDeep, "they were nested more than 65536 deep"),
      (nested, "a signal handler made them while its thread measured another"),
      (memory, "there was no memory for them: free some"),
    ]
  }
}
