extension [UInt64] {
  /// Sorts by the upper 32 bits of each element; elements that are equal there keep their order. Linear, and one look at each if
  /// the elements are in order already.
  package mutating func sortByUpperHalf() {
    guard let highest = upperHalfMaximumIfUnsorted() else { return }
    var source = self
    var target = [UInt64](repeating: 0, count: count)
    var shift = 32
    // Eleven bits at a time: the counters stay in the first-level cache.
    while shift < 64 && highest >> (shift - 32) != 0 {
      var starts = [Int](repeating: 0, count: 1 << 11)
      for element in source { starts[Int(element >> shift) & 0x7FF] += 1 }
      var sum = 0
      for digit in starts.indices { (starts[digit], sum) = (sum, sum + starts[digit]) }
      for element in source {
        let digit = Int(element >> shift) & 0x7FF
        target[starts[digit]] = element
        starts[digit] += 1
      }
      swap(&source, &target)
      shift += 11
    }
    self = source
  }

  /// The largest upper half, nil if the elements are in order.
  private func upperHalfMaximumIfUnsorted() -> UInt64? {
    var (last, highest, isSorted) = (UInt64(0), UInt64(0), true)
    for element in self {
      let key = element >> 32
      if key < last { isSorted = false }
      highest = Swift.max(highest, key)
      last = key
    }
    return isSorted ? nil : highest
  }
}
