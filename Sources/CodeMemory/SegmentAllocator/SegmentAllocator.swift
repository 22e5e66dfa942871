import FtracePlatform

/// Divides a region of granules into segments, free or not, and finds the segment of a granule.
///
/// Segregated fit: a free segment is in the list of its size class, a bit for each class says whether the list has members, and
/// neighbours that are free are merged at once. Allocation, release and look-up are O(1), apart from writing one 32-bit word for
/// each granule of a new block; only when no class is sure to fit are lists searched.
///
/// Invariants, for the table `owner` of one word for each granule:
/// 1. every granule of a block names the block's segment;
/// 2. the first and the last granule of a free segment name it, those between may name anything;
/// 3. a record that is not in use contains no granule, so a stale word is seen to be stale.
struct SegmentAllocator: ~Copyable {
  /// Granules of the region.
  let granules: Int
  /// Granules in free segments.
  private(set) var freeGranules: Int
  /// Records ever used at once; the table's memory is 16 bytes for each.
  private(set) var recordLimit: Int = 1
  /// Granules below this were given out at some time; the memory of `owner` is 4 bytes for each.
  private(set) var granuleLimit: Int = 0

  /// Record 0 is never used: it stands for "none".
  var segments: SparseTable<Segment>
  var owner: SparseTable<UInt32>
  /// First segment of each size class.
  var heads: SparseTable<UInt32>
  /// One bit for each size class: its list has members.
  var occupied: SparseTable<UInt64>
  /// A chain of records to use again, linked by `second`.
  private var spare: UInt32 = 0

  /// Takes over a region of `granules`, all free.
  init(granules: Int) throws(SystemError) {
    precondition(granules > 0 && granules < 1 << 27)
    let segments = try SparseTable<Segment>(zeroed: granules + 2)
    let owner = try SparseTable<UInt32>(zeroed: granules)
    let heads = try SparseTable<UInt32>(zeroed: SizeClass.count)
    let occupied = try SparseTable<UInt64>(zeroed: SizeClass.count / 64)
    self.segments = segments
    self.heads = heads
    self.occupied = occupied
    self.owner = owner
    self.granules = granules
    freeGranules = 0
    let all = takeRecord()
    install(free: all, start: 0, count: UInt32(granules))
    freeGranules = granules
  }

  /// What to throw when `allocate` finds nothing.
  func outOfMemory(requested: Int) -> CodeMemoryError {
    .outOfMemory(
      requested: requested, available: freeGranules * CodeArena.granule, largest: largestFree * CodeArena.granule)
  }

  /// Takes `bytes` (whole granules) at a multiple of `alignment` bytes (a power of two), and answers the record of the block.
  mutating func allocate(_ bytes: Int, alignment: Int, state: UInt32) -> UInt32? {
    let count = bytes / CodeArena.granule
    let alignment = alignment / CodeArena.granule
    guard let found = findFit(count, alignment: alignment) else { return nil }
    let whole = segments[Int(found)]
    let start = (Int(whole.start) + alignment - 1) & ~(alignment - 1)
    let lead = UInt32(start) - whole.start
    let tail = whole.count - lead - UInt32(count)
    unlink(found)
    var block = found
    // The free segment's record stays with a free remainder, so that most allocations write one list only.
    if lead > 0 {
      install(free: found, start: whole.start, count: lead)
      block = takeRecord()
    }
    if tail > 0 {
      let rest = lead > 0 ? takeRecord() : found
      install(free: rest, start: UInt32(start + count), count: tail)
      if lead == 0 { block = takeRecord() }
    }
    segments[Int(block)] = Segment(start: UInt32(start), count: UInt32(count), state: state)
    for granule in start..<start + count { owner[granule] = block }
    freeGranules -= count
    granuleLimit = max(granuleLimit, start + count)
    return block
  }

  /// Makes a block free, merges it with free neighbours, and answers the granules of the resulting free segment.
  @discardableResult
  mutating func release(_ block: UInt32) -> Range<Int> {
    let segment = segments[Int(block)]
    precondition(!segment.isFree && segment.count > 0)
    var start = segment.start
    var end = segment.end
    freeGranules += Int(segment.count)
    if start > 0 {
      let before = owner[Int(start) - 1]
      if segments[Int(before)].isFree {
        start = segments[Int(before)].start
        unlink(before)
        giveBack(before)
      }
    }
    if Int(end) < granules {
      let after = owner[Int(end)]
      if segments[Int(after)].isFree {
        end = segments[Int(after)].end
        unlink(after)
        giveBack(after)
      }
    }
    install(free: block, start: start, count: end - start)
    return Int(start)..<Int(end)
  }

  /// The block that holds a granule, if one does.
  @inline(__always)
  func block(containing granule: Int) -> UInt32? {
    guard granule >= 0 && granule < granules else { return nil }
    let candidate = owner[granule]
    let segment = segments[Int(candidate)]
    return segment.contains(UInt32(granule)) && !segment.isFree ? candidate : nil
  }

  // MARK: Records

  private mutating func takeRecord() -> UInt32 {
    if spare != 0 {
      let record = spare
      spare = segments[Int(record)].second
      return record
    }
    // There are never more segments than granules, which bounds the table.
    let record = UInt32(recordLimit)
    recordLimit += 1
    return record
  }

  private mutating func giveBack(_ record: UInt32) {
    var unused = Segment.unused
    unused.second = spare
    segments[Int(record)] = unused
    spare = record
  }
}
