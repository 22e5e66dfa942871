/// Classes of free segments by their length in granules: exact below 64, then 32 steps to each power of two, so that a class
/// is never more than 1/32 wider than its smallest member.
enum SizeClass {
  /// Enough for 2³¹ bytes in granules of 16.
  static let count = 64 + 22 * 32

  /// The class of a segment with `granules`.
  @inline(__always)
  static func containing(_ granules: Int) -> Int {
    guard granules >= 64 else { return granules }
    let exponent = Int.bitWidth - 1 - granules.leadingZeroBitCount
    return 64 + (exponent - 6) << 5 + (granules >> (exponent - 5)) & 31
  }

  /// The lowest class of which every segment has at least `granules`; may be `count` or more, when there is none.
  @inline(__always)
  static func fitting(_ granules: Int) -> Int {
    guard granules >= 64 else { return granules }
    let exponent = Int.bitWidth - 1 - granules.leadingZeroBitCount
    return containing(granules + 1 << (exponent - 5) - 1)
  }
}
