import FtracePlatform

/// Which 8-byte words of the data region are slots, and which of those are free.
///
/// The list of free slots is not kept in the slots: a freed one may still be read by code that is about to be reclaimed.
struct SlotTable: ~Copyable {
  /// One bit for each word of the data region: the slot is given out.
  private var live: SparseTable<UInt64>
  /// Free slots, by word; the last freed is used first.
  private var free: [UInt32] = []
  /// Slots that are given out.
  private(set) var count = 0

  init(dataBytes: Int) throws(SystemError) { live = try SparseTable(zeroed: dataBytes / 512 + 1) }

  /// True if `take` has nothing to give.
  var isEmpty: Bool { free.isEmpty }

  mutating func take() -> UInt32 {
    let word = free.removeLast()
    live[Int(word >> 6)] |= 1 << UInt64(word & 63)
    count += 1
    return word
  }

  mutating func giveBack(_ word: UInt32) {
    precondition(isLive(word), "the slot is not given out")
    live[Int(word >> 6)] &= ~(1 << UInt64(word & 63))
    count -= 1
    free.append(word)
  }

  /// Adds words that are slots from now on, the lowest to be used first.
  mutating func add(_ words: Range<UInt32>) { free.append(contentsOf: words.reversed()) }

  private func isLive(_ word: UInt32) -> Bool { live[Int(word >> 6)] >> UInt64(word & 63) & 1 != 0 }
}
