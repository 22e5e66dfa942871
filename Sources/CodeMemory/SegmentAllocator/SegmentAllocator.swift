import FtracePlatform

/// Divides a region into segments of whole granules, free or not, and finds the segment of a place.
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
  private let granules: Int
  /// A granule has two to this power bytes.
  let granuleShift: Int
  /// Granules in free segments.
  private var freeGranules: Int
  /// Records ever used at once, with record 0.
  private var recordLimit: Int = 1
  /// Granules below this were given out at some time.
  private var granuleLimit: Int = 0

  /// Record 0 is never used: it stands for "none".
  var segments: SparseTable<Segment>
  var owner: SparseTable<UInt32>
  /// First segment of each size class.
  var heads: SparseTable<UInt32>
  /// One bit for each size class: its list has members.
  var occupied: SparseTable<UInt64>
  /// A chain of records to use again, linked by `second`.
  private var spare: UInt32 = 0

  /// Takes over a region of `bytes`, a multiple of the granule, all free.
  init(bytes: Int, granule: Int) throws(SystemError) {
    granuleShift = granule.trailingZeroBitCount
    granules = bytes >> granuleShift
    precondition(granules > 0 && granules < 1 << 27)
    let segments = try SparseTable<Segment>(zeroed: granules + 2)
    let owner = try SparseTable<UInt32>(zeroed: granules)
    let heads = try SparseTable<UInt32>(zeroed: SizeClass.count)
    let occupied = try SparseTable<UInt64>(zeroed: SizeClass.count / 64)
    self.segments = segments
    self.owner = owner
    self.heads = heads
    self.occupied = occupied
    freeGranules = granules
    install(free: takeRecord(), start: 0, count: UInt32(granules))
  }

  /// Takes at least `bytes` at a multiple of `alignment` bytes (a power of two), and answers the record of the block, in `state`.
  mutating func allocate(_ bytes: Int, alignment: Int, state: UInt32) -> UInt32? {
    guard bytes <= granules << granuleShift else { return nil }
    let count = (bytes + 1 << granuleShift - 1) >> granuleShift
    let alignment = max(alignment >> granuleShift, 1)
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
    owner.fill(start..<start + count, with: block)
    freeGranules -= count
    granuleLimit = max(granuleLimit, start + count)
    return block
  }

  /// Makes a block free, merges it with free neighbours, and answers where the resulting free segment lies.
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
    return Int(start) << granuleShift..<Int(end) << granuleShift
  }

  /// The block that holds a byte of the region, if one does.
  @inline(__always)
  func block(containing offset: UInt) -> UInt32? {
    let granule = offset >> UInt(granuleShift)
    guard granule < UInt(granules) else { return nil }
    let candidate = owner[Int(granule)]
    let segment = segments[Int(candidate)]
    return segment.contains(UInt32(granule)) && !segment.isFree ? candidate : nil
  }

  /// Where a segment lies, bytes.
  @inline(__always)
  func range(_ record: UInt32) -> Range<Int> {
    let segment = segments[Int(record)]
    return Int(segment.start) << granuleShift..<Int(segment.end) << granuleShift
  }

  // MARK: Figures

  var freeBytes: Int { freeGranules << granuleShift }

  /// O(members of the highest class).
  var largestFreeBytes: Int { largestFree << granuleShift }

  /// Memory that the tables have come to take, by what was written in them.
  var metadataBytes: Int {
    recordLimit * MemoryLayout<Segment>.stride + granuleLimit * MemoryLayout<UInt32>.stride
  }

  /// What to throw when `allocate` finds nothing.
  func outOfMemory(requested: Int) -> CodeMemoryError {
    .outOfMemory(requested: requested, available: freeBytes, largest: largestFreeBytes)
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
