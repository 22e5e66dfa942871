extension SegmentAllocator {
  /// Describes a free segment in `record` and puts it at the head of its class.
  mutating func install(free record: UInt32, start: UInt32, count: UInt32) {
    let sizeClass = SizeClass.containing(Int(count))
    let next = heads[sizeClass]
    var segment = Segment(start: start, count: count)
    segment.second = next
    segments[Int(record)] = segment
    if next != 0 { segments[Int(next)].first = record }
    heads[sizeClass] = record
    occupied[sizeClass >> 6] |= 1 << UInt64(sizeClass & 63)
    owner[Int(start)] = record
    owner[Int(start + count) - 1] = record
  }

  /// Takes a free segment out of its class.
  mutating func unlink(_ record: UInt32) {
    let segment = segments[Int(record)]
    if segment.second != 0 { segments[Int(segment.second)].first = segment.first }
    if segment.first != 0 {
      segments[Int(segment.first)].second = segment.second
      return
    }
    let sizeClass = SizeClass.containing(Int(segment.count))
    heads[sizeClass] = segment.second
    if segment.second == 0 { occupied[sizeClass >> 6] &= ~(1 << UInt64(sizeClass & 63)) }
  }

  /// A free segment that holds `count` granules from a multiple of `alignment`.
  ///
  /// O(1) if a class is sure to fit. Else the segments that may fit are searched one by one: an arena that is nearly full still
  /// finds what it has.
  func findFit(_ count: Int, alignment: Int) -> UInt32? {
    if let sizeClass = firstOccupied(from: SizeClass.fitting(count + alignment - 1)) { return heads[sizeClass] }
    var search = firstOccupied(from: SizeClass.containing(count))
    while let sizeClass = search {
      var record = heads[sizeClass]
      while record != 0 {
        let segment = segments[Int(record)]
        let start = (Int(segment.start) + alignment - 1) & ~(alignment - 1)
        if start + count <= Int(segment.end) { return record }
        record = segment.second
      }
      search = firstOccupied(from: sizeClass + 1)
    }
    return nil
  }

  /// Granules of the largest free segment.
  var largestFree: Int {
    var word = occupied.count - 1
    while word >= 0 && occupied[word] == 0 { word -= 1 }
    guard word >= 0 else { return 0 }
    var record = heads[word << 6 + 63 - occupied[word].leadingZeroBitCount]
    var largest: UInt32 = 0
    while record != 0 {
      largest = max(largest, segments[Int(record)].count)
      record = segments[Int(record)].second
    }
    return Int(largest)
  }

  @inline(__always)
  private func firstOccupied(from sizeClass: Int) -> Int? {
    guard sizeClass < SizeClass.count else { return nil }
    var word = sizeClass >> 6
    var bits = occupied[word] & (~0 << UInt64(sizeClass & 63))
    while bits == 0 {
      word += 1
      if word == occupied.count { return nil }
      bits = occupied[word]
    }
    return word << 6 + bits.trailingZeroBitCount
  }
}
