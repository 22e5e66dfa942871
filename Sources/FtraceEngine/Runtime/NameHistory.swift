import CFtraceShims

/// Names of code over time: an address that is used again does not inherit the name of what was there before.
///
/// Times are those of the time-stamp counter.
struct NameHistory {
  struct Entry {
    var start: UInt32
    var end: UInt32
    var name: String
    var signature: Signature?
    var from: UInt64
    var until: UInt64
  }

  /// Entries of code that is gone, in order of the time when it went; the oldest are dropped beyond the limit.
  private var gone: [Entry] = []
  static let limit = 1 << 20

  mutating func record(start: UInt32, size: UInt32, name: String, _ signature: Signature?, since: UInt64) {
    if gone.count >= Self.limit { gone.removeFirst(Self.limit / 2) }
    gone.append(
      Entry(start: start, end: start + size, name: name, signature: signature, from: since, until: ftrace_rdtsc()))
  }

  /// The name of what was at an offset at a time, if that is gone.
  func name(at offset: UInt32, time: UInt64) -> String? { entry(at: offset, time: time)?.name }

  /// What was at an offset at a time, if that is gone.
  func entry(at offset: UInt32, time: UInt64) -> Entry? {
    gone.last { $0.start <= offset && offset < $0.end && $0.from <= time && time <= $0.until }
  }
}
