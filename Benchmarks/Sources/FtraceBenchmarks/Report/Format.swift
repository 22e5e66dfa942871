extension Double {
  /// With three significant digits or all before the point.
  var short: String {
    guard isFinite else { return "–" }
    let digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2
    return fixed(digits)
  }

  /// With so many digits after the point.
  func fixed(_ digits: Int) -> String {
    guard isFinite else { return "–" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let units = (magnitude * scale).rounded()
    let whole = (units / scale).rounded(.towardZero)
    let sign = self < 0 && units > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(Int(whole)) }
    let fraction = String(Int(units - whole * scale))
    return sign + String(Int(whole)) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

extension String {
  func padded(to width: Int, right: Bool = false) -> String {
    let padding = String(repeating: " ", count: Swift.max(0, width - count))
    return right ? padding + self : self + padding
  }
}
