/// A piece of the code region that an arena gave out: a name for it, not an owner.
///
/// A block is known by its place and by a generation that the arena never gives twice (until 2³² allocations), so a name
/// that outlived its block is told from the block that took its place.
public struct CodeBlock: Hashable, Sendable {
  /// Bytes from the start of the code region; a multiple of 16.
  public let offset: UInt32
  /// Bytes that belong to the block: what was asked for, rounded up to the arena's granule.
  public let size: UInt32
  /// Differs from that of every earlier block of the arena.
  public let generation: UInt32

  /// Offsets in the code region.
  public var range: Range<UInt32> { offset..<offset + size }

  /// Where a block is in its life. The only way is forward.
  public enum State: UInt8, Sendable {
    /// Given out and being written; nobody may run it yet.
    case unsealed = 1
    /// May run. Its bytes change only in a stop.
    case sealed = 2
    /// Nothing leads to it any more, but frames may remain; intact until it is reclaimed.
    case retired = 3
  }
}
