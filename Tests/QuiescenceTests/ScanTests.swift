import CFtraceShims
import Testing

/// What the scan takes for a reference.
@Suite struct ScanTests {
  private let ranges: [ClosedRange<UInt64>] = [0x1000...0x1010, 0x1010...0x1040, 0x2000...0x2100]

  private func marks(for words: [UInt64]) -> [UInt8] {
    let ranges = self.ranges.map { ftrace_code_range(start: $0.lowerBound, end: $0.upperBound) }
    var marks = [UInt8](repeating: 0, count: ranges.count)
    let count = ranges.count
    // Safe: all three arrays are pinned for the call, which reads `words` and `ranges` and writes `marks`.
    unsafe words.withUnsafeBufferPointer { words in
      unsafe ranges.withUnsafeBufferPointer { ranges in
        unsafe marks.withUnsafeMutableBufferPointer { marks in
          unsafe ftrace_code_ranges_mark(
            ranges.baseAddress, marks.baseAddress, count, words.baseAddress, words.baseAddress! + words.count)
        }
      }
    }
    return marks
  }

  @Test(
    arguments: [
      ([0x0FFF], [0, 0, 0]), ([0x1000], [1, 0, 0]), ([0x100F], [1, 0, 0]),
      // The end of a block can be a return address, and is the start of the next.
      ([0x1010], [1, 1, 0]), ([0x1040], [0, 1, 0]), ([0x1041], [0, 0, 0]), ([0x1FFF], [0, 0, 0]),
      ([0x2000, 0x1000], [1, 0, 1]), ([0x2100], [0, 0, 1]), ([0x2101], [0, 0, 0]), ([], [0, 0, 0]),
      ([UInt64.max, 0], [0, 0, 0]),
    ] as [([UInt64], [UInt8])])
  func words(_ words: [UInt64], _ expected: [UInt8]) {
    #expect(marks(for: words) == expected)
  }
}
