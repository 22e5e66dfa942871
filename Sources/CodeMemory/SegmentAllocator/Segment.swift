/// A run of granules: free, or a block. 16 bytes, kept outside of the memory that it describes.
struct Segment: BitwiseCopyable {
  /// What a segment is, two bits. Those of a block have the values of `CodeBlock.State`.
  static let free: UInt32 = 0

  /// First granule.
  private(set) var start: UInt32
  /// Granules, shifted by two, and the state.
  private var extent: UInt32
  /// Of a free segment the previous in its list, of a block the tag.
  var first: UInt32
  /// Of a free segment the next in its list, of a block the generation.
  var second: UInt32

  init(start: UInt32, count: UInt32, state: UInt32 = Segment.free) {
    self.start = start
    extent = count << 2 | state
    first = 0
    second = 0
  }

  /// A record that describes nothing: it contains no granule.
  static var unused: Segment { Segment(start: 0, count: 0) }

  var count: UInt32 { extent >> 2 }
  var end: UInt32 { start + count }

  var state: UInt32 {
    get { extent & 3 }
    set { extent = extent & ~3 | newValue }
  }

  var isFree: Bool { state == Segment.free }

  func contains(_ granule: UInt32) -> Bool { granule &- start < count }
}
