import CFtraceShims

/// A name of at most 15 bytes, as threads of the kernel have, in two words.
struct WorkerName: Equatable, Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ name: ftrace_worker_name) { (low, high) = (name.low, name.high) }

  /// The first 15 bytes of a text, up to a zero.
  init(_ text: String) {
    for (index, byte) in text.utf8.prefix(15).enumerated() {
      guard byte != 0 else { return }
      let shifted = UInt64(byte) << (index % 8 * 8)
      if index < 8 { low |= shifted } else { high |= shifted }
    }
  }

  /// Bytes that are not UTF-8 are replaced.
  var text: String {
    let bytes = (0..<15).map { UInt8(truncatingIfNeeded: ($0 < 8 ? low : high) >> ($0 % 8 * 8)) }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
