import CFtraceTraceBuffer

/// Reads the records of a block one after the other: a place in it, the clock and the epoch of the code there.
///
/// It holds no memory; whoever calls ``next(_:)`` brings the words. O(1) for each record, without allocation.
@frozen @safe public struct BlockDecoder: Sendable {
  @usableFromInline var index: Int
  @usableFromInline let end: Int
  /// Upper half of the clock.
  @usableFromInline var high: UInt64
  @usableFromInline var last: UInt64
  @usableFromInline var epoch: UInt32
  /// The clock's lower half may wrap without a carry.
  @usableFromInline let extends: Bool
  /// The word at which the block stops making sense, nil if it did not.
  public private(set) var damage: Int?

  /// - Parameters:
  ///   - header: of the block.
  ///   - from: the first word, counted from the start of the block; at least 8.
  ///   - end: behind the last.
  ///   - clock: the buffer's.
  @inlinable public init(_ header: BlockHeader, from: Int = 8, end: Int, clock: TraceClockKind) {
    index = from
    self.end = end
    high = header.clock & 0xFFFF_FFFF_0000_0000
    last = header.clock
    epoch = header.epoch
    extends = clock == .coarse
  }

  /// The next record, nil at the end and at damage.
  // Safe: the caller's words reach to `end`, and no index at or beyond it is read.
  @inlinable @inline(__always) public mutating func next(_ words: UnsafePointer<UInt64>) -> TraceRecord? {
    while index < end {
      let word = unsafe words[index]
      let upper = UInt32(truncatingIfNeeded: word >> 32)
      let kind = upper & 15
      // Entries, and all exits but those whose lowest bits are 0: not 9 to 12.
      if kind >= 5 && kind &- 9 > 3 {
        index += 1
        return TraceRecord(kind: kind == 5 ? .entry : .exit, clock: time(word), upper: upper, epoch: epoch)
      }
      if kind == 0 && upper != 0 {
        index += 1
        return TraceRecord(kind: .exit, clock: time(word), upper: upper, epoch: epoch)
      }
      if let record = unsafe rare(word, upper, words) { return record }
      if damage != nil { return nil }
    }
    return nil
  }

  @inlinable @inline(__always) mutating func time(_ word: UInt64) -> UInt64 {
    var clock = high | word & 0xFFFF_FFFF
    if extends && clock < last {
      high &+= 1 << 32
      clock &+= 1 << 32
    }
    last = clock
    return clock
  }

  /// A record that is not one word of an event; nil also for what is not a record: carries, epochs, and words that were never written.
  @usableFromInline @inline(never) mutating func rare(
    _ word: UInt64, _ upper: UInt32, _ words: UnsafePointer<UInt64>
  ) -> TraceRecord? {
    let start = index
    let follow = Int(word & 0xFFFF_FFFF)
    switch Int(upper & 15) {
    case 0:
      index += 1
      return nil
    case FTRACE_WORD_CARRY:
      high = word << 32
      index += 1
      return nil
    case FTRACE_WORD_ENTRY_WITH_PARENT:
      guard start + 1 < end else { return fail() }
      index += 2
      let clock = time(word)
      return unsafe TraceRecord(kind: .entry, clock: clock, upper: upper &+ 1, epoch: epoch, payload: words[start + 1])
    case FTRACE_WORD_UNWOUND:
      index += 1
      return TraceRecord(kind: .unwound, clock: last, upper: upper >> 4, epoch: epoch, payload: UInt64(follow))
    case FTRACE_WORD_LOSS:
      guard follow >= 1, follow < end - start else { return fail() }
      index += 1 + follow
      return unsafe TraceRecord(
        kind: .loss, clock: last, upper: upper >> 4, epoch: epoch, payload: words[start + 1],
        firstWord: UInt32(start + 1), wordCount: UInt32(follow))
    case FTRACE_WORD_RESYNC, FTRACE_WORD_VALUES:
      guard follow < end - start else { return fail() }
      index += 1 + follow
      return TraceRecord(
        kind: Int(upper & 15) == FTRACE_WORD_RESYNC ? .resync : .values, clock: last, upper: upper >> 4, epoch: epoch,
        firstWord: UInt32(start + 1), wordCount: UInt32(follow))
    case FTRACE_WORD_STACK:
      guard follow >= 1, follow < end - start else { return fail() }
      index += 1 + follow
      return unsafe TraceRecord(
        kind: .stack, clock: words[start + 1], upper: upper >> 4, epoch: epoch, firstWord: UInt32(start + 2),
        wordCount: UInt32(follow - 1))
    case FTRACE_WORD_EPOCH:
      guard upper >> 4 == 0 else { return fail() }
      epoch = UInt32(follow)
      index += 1
      return nil
    default: return fail()
    }
  }

  @usableFromInline mutating func fail() -> TraceRecord? {
    damage = index
    return nil
  }
}
