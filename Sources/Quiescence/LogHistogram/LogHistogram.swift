/// Counts of 64-bit values in classes that grow with the value: all values from 0 to `UInt64.max`, in fixed memory, with a bounded
/// relative error.
///
/// Values below 16 have a class each. From there on every power of two is divided into 16 classes of equal width, so that a class is
/// never wider than a sixteenth of the values in it (the layout of HdrHistogram, with fixed parameters). What is read out of a class is
/// its upper end: never less than the value that was recorded, and more by less than ``relativeError`` of it.
///
/// ```swift
/// var latencies = LogHistogram()
/// for sample in samples { latencies.record(sample) }
/// print(latencies.quantile(0.99) ?? 0, latencies.max ?? 0)
/// ```
///
/// The classes lie in the value itself, 976 counters of 8 bytes: nothing is ever allocated, and a copy copies them all. Like any
/// value it is used by one thread at a time, or under a lock.
public struct LogHistogram: Sendable {
  /// Classes of each power of two.
  public static let classesPerPowerOfTwo = 16

  /// The bound of the error: what is read is `v` to `v + v / 16`, exclusive, for a recorded value `v`; below 16 it is `v`.
  public static let relativeError = 1.0 / Double(classesPerPowerOfTwo)

  static let classes = 976
  var counts = InlineArray<976, UInt64>(repeating: 0)

  /// Number of recorded values.
  public private(set) var count: UInt64 = 0

  // Exact; `lowest` is above `highest` while nothing has been recorded.
  private var lowest = UInt64.max
  private var highest = UInt64.min

  /// An empty histogram.
  public init() {}

  /// Whether nothing has been recorded.
  public var isEmpty: Bool { count == 0 }

  /// The smallest and the largest recorded value, exactly; nil if there is none.
  public var min: UInt64? { isEmpty ? nil : lowest }
  public var max: UInt64? { isEmpty ? nil : highest }

  /// Counts a value.
  /// - Complexity: constant; a few instructions, no allocation.
  public mutating func record(_ value: UInt64) {
    counts[Self.classNumber(of: value)] += 1
    count += 1
    lowest = Swift.min(lowest, value)
    highest = Swift.max(highest, value)
  }

  /// Adds the values of another histogram, as if each had been recorded here.
  /// - Complexity: linear in the number of classes, which is fixed.
  public mutating func merge(_ other: borrowing LogHistogram) {
    for index in 0..<Self.classes { counts[index] += other.counts[index] }
    count += other.count
    lowest = Swift.min(lowest, other.lowest)
    highest = Swift.max(highest, other.highest)
  }

  /// Forgets all values.
  public mutating func reset() { self = LogHistogram() }

  /// The value that a share of the recorded values does not exceed: that of rank ⌈`share` × `count`⌉ in their order, the first one for
  /// share 0 (the nearest-rank definition).
  ///
  /// The result is the exact quantile `v` or more, less than `v + v / 16`, and never above ``max``.
  /// - Parameter share: 0 to 1; anything else traps.
  /// - Returns: nil if nothing has been recorded.
  /// - Complexity: linear in the number of classes, which is fixed.
  public func quantile(_ share: Double) -> UInt64? {
    precondition(share >= 0 && share <= 1, "a quantile is asked for by a share from 0 to 1")
    guard !isEmpty else { return nil }
    let rank = Self.rank(of: share, in: count)
    var seen: UInt64 = 0
    for index in 0..<Self.classes {
      seen += counts[index]
      if seen >= rank { return Swift.min(Self.upperEnd(ofClass: index), highest) }
    }
    return highest
  }

  /// From 1 to `count`. A product that lies beyond 2^53 is rounded; it stays within the bounds.
  package static func rank(of share: Double, in count: UInt64) -> UInt64 {
    let product = (share * Double(count)).rounded(.up)
    return product >= Double(count) ? count : Swift.max(1, UInt64(product))
  }
}

extension LogHistogram: Equatable {
  /// Whether both have recorded the same number of values in each class, between the same ends.
  public static func == (left: LogHistogram, right: LogHistogram) -> Bool {
    guard left.count == right.count, left.lowest == right.lowest, left.highest == right.highest else { return false }
    for index in 0..<classes where left.counts[index] != right.counts[index] { return false }
    return true
  }
}
