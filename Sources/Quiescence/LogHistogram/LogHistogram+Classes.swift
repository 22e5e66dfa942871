/// The classes: 0 to 15 hold one value each; then 16 classes for each power of two from 2^4 to 2^63.
extension LogHistogram {
  /// Bits of a value below its highest one that choose the class.
  private static var bits: Int { 4 }

  /// The number of the class that a value belongs to.
  package static func classNumber(of value: UInt64) -> Int {
    guard value >= 1 << bits else { return Int(value) }
    let power = 63 - value.leadingZeroBitCount
    // The highest bit adds the 16 that the classes before 2^4 take.
    return ((power - bits) << bits) + Int(truncatingIfNeeded: value >> (power - bits))
  }

  /// The smallest value of a class.
  package static func lowerEnd(ofClass number: Int) -> UInt64 {
    guard number >= 1 << bits else { return UInt64(number) }
    let shift = (number >> bits) - 1
    return UInt64(number - (shift << bits)) << shift
  }

  /// The largest value of a class.
  package static func upperEnd(ofClass number: Int) -> UInt64 {
    guard number >= 1 << bits else { return UInt64(number) }
    return lowerEnd(ofClass: number) + ((1 << ((number >> bits) - 1)) - 1)
  }

  /// Number of classes.
  package static var classCount: Int { classes }

  /// How many values a class has.
  package func count(ofClass number: Int) -> UInt64 { counts[number] }
}
