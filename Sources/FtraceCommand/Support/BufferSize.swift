import ArgumentParser

/// Bytes for events, as users type them: `512M`, `64K`, `1G`, or a number of MiB.
struct BufferSize: ExpressibleByArgument {
  var bytes: Int

  /// What buffers are made of; two are the least.
  static let step = 4096
  static let range = 2 * step...1 << 40

  init(bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    var text = argument[...]
    var unit = 1 << 20
    for (letter, factor) in [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)] {
      guard
        let suffix = [letter, letter + "B", letter + "iB"].first(where: { text.uppercased().hasSuffix($0.uppercased()) }
        )
      else { continue }
      text.removeLast(suffix.count)
      unit = factor
      break
    }
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    // What is too large for a number is too large for a buffer.
    let (bytes, overflow) = (Int(text) ?? .max).multipliedReportingOverflow(by: unit)
    self.bytes = overflow ? .max : bytes
  }

  var defaultValueDescription: String { Self.text(bytes) }

  /// Why it is not a size of a buffer, with the nearest that is one; nil if it is.
  var problem: String? {
    guard !Self.range.contains(bytes) || bytes % Self.step != 0 else { return nil }
    let nearest =
      (min(max(bytes, Self.range.lowerBound), Self.range.upperBound) + Self.step / 2) / Self.step * Self.step
    return "--buffer-size is 8K to 1T in steps of 4K: the nearest is \(Self.text(nearest))"
  }

  /// In the largest unit of which it is a multiple.
  static func text(_ bytes: Int) -> String {
    for (unit, shift) in [("T", 40), ("G", 30), ("M", 20)] where bytes > 0 && bytes % (1 << shift) == 0 {
      return "\(bytes >> shift)\(unit)"
    }
    return "\(bytes >> 10)K"
  }
}
