/// A line of the results.
struct Row {
  let name: String
  let samples: Samples
  /// What `ratio` is relative to: a measurement of the same run.
  let baseline: Baseline?
  var budget: Budget?
  /// Further figures, by name.
  var extra: [(name: String, value: Double)] = []
  /// For rows of stops: the worker that was last to arrive most often.
  var lastWorker: String?

  struct Baseline {
    let name: String
    let samples: Samples
  }

  /// Median of this over median of the baseline.
  var ratio: Double? { baseline.map { samples.median / $0.samples.median } }

  /// Nanoseconds more than the baseline.
  var added: Double? { baseline.map { samples.median - $0.samples.median } }
}

/// What a row may cost.
struct Budget {
  /// As a reader would say it.
  let text: String
  let value: Double
  let limit: Double
  /// Figures with a unit have a quarter of room; a ratio that is to be 1 has a quarter of its distance from 1.
  var isRatioToNothing = false

  enum Verdict: String {
    case reached
    /// Within a quarter of the budget.
    case near
    case missed
  }

  var verdict: Verdict {
    if value <= limit { return .reached }
    let slack = isRatioToNothing ? (limit - 1) / 4 : limit / 4
    return value <= limit + slack ? .near : .missed
  }

  /// Median of one over median of the other, at most `limit`.
  static func ratio(_ row: Samples, to baseline: Samples, _ what: String, atMost limit: Double) -> Budget {
    Budget(text: "\(limit) × \(what)", value: row.median / baseline.median, limit: limit)
  }

  /// No cost at all, but for `limit` - 1.
  static func same(_ row: Samples, as baseline: Samples, within limit: Double) -> Budget {
    Budget(
      text: "ratio \(limit)", value: row.median / baseline.median, limit: limit, isRatioToNothing: true)
  }

  /// Nanoseconds more than something.
  static func added(_ row: Samples, to baseline: Samples, _ what: String, atMost limit: Double) -> Budget {
    Budget(text: "+\(limit.short) ns over \(what)", value: row.median - baseline.median, limit: limit)
  }

  /// Nanoseconds.
  static func nanoseconds(_ value: Double, atMost limit: Double, _ text: String? = nil) -> Budget {
    Budget(text: text ?? "\(limit.short) ns", value: value, limit: limit)
  }
}
