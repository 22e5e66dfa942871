import FtraceEngine
import Testing

@Suite struct RadixSortTests {
  /// Every digit counts, and elements with the same upper half keep their order.
  @Test(arguments: [0, 1, 2, 3, 1000, 70_000], [UInt64(0xFF), 0x3FFF, 0x00FF_FFFF, 0xFFFF_FFFF])
  func sortsByTheUpperHalf(count: Int, mask: UInt64) {
    var state: UInt64 = 42
    let elements = (0..<count).map { index -> UInt64 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 32 & mask) << 32 | UInt64(index)
    }
    var sorted = elements
    sorted.sortByUpperHalf()
    // The lower half is the place before, so that comparing whole elements is what a stable sort comes to.
    #expect(sorted == elements.sorted())
  }

  @Test func keepsWhatIsInOrder() {
    let elements: [UInt64] = [3, 2, 1 << 32, 1 << 32, 5 << 32 | 9, 5 << 32 | 1]
    var sorted = elements
    sorted.sortByUpperHalf()
    #expect(sorted == elements)
  }
}
