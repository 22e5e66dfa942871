import CFtraceShims
import CFtraceTorture
import Ftrace
import FtracePlatform

/// The memory of the books: for each worker a block of counters, a copy that boundaries make of all of them, and the copy before.
@safe final class Books {
  static let tracers = Int(TORTURE_TRACERS)
  private static let rows = Int(TORTURE_ROWS)
  private static let header = Int(TORTURE_HEADER)

  let workers: Int
  /// Cells that fit into a row.
  let capacity: Int
  private let blocks: TortureMemory
  private var copy, previous: TortureMemory
  // Safe: allocated for as long as this object; written in stops, read by the controller, which asks for those stops itself.
  private let shared: UnsafeMutablePointer<torture_books>
  private let states: UnsafeMutablePointer<torture_state>
  private let slot: UInt32

  init(workers: Int, functions: Int, runtime: TraceRuntime) throws(SystemError) {
    self.workers = workers
    // Rows are whole pages. Bodies that went keep their cell for a while.
    capacity = (3 * functions + 1024 + 511) & ~511
    let row = capacity * 8
    let stride = Self.header + Self.rows * row
    blocks = try TortureMemory(words: workers * stride / 8)
    copy = try TortureMemory(words: workers * Self.rows * capacity)
    previous = try TortureMemory(words: workers * Self.rows * capacity)
    slot = runtime.slotIndex
    unsafe states = .allocate(capacity: workers)
    unsafe states.initialize(repeating: torture_state(), count: workers)
    unsafe shared = .allocate(capacity: 1)
    let code = runtime.codeAddresses
    unsafe shared.initialize(
      to: torture_books(
        blocks: UnsafeMutableRawPointer(blocks.start).assumingMemoryBound(to: UInt8.self), workers: UInt64(workers),
        stride: UInt64(stride), row: UInt64(row), used: 0, slot: UInt64(slot),
        code_start: UInt64(code.lowerBound), code_end: UInt64(code.upperBound), copy: nil, states: states, stops: 0,
        boundaries: 0))
    pointAtCopy()
  }

  deinit {
    unsafe shared.deallocate()
    unsafe states.deallocate()
  }

  /// Has the engine look at workers in each stop. The books must outlive that.
  func observe(_ runtime: TraceRuntime) {
    unsafe runtime.observeStops(
      torture_observe, boundary: torture_observe_boundary, UnsafeMutableRawPointer(shared))
  }

  // MARK: - Places

  /// Displacement from `fs:0` of the pointer to the worker's block.
  var blockPointer: Int32 {
    Int32(truncatingIfNeeded: torture_block_displacement(slot))
  }

  /// Distance of a body's counter from the block: the same for every worker.
  func displacement(of cell: Int) -> Int32 { Int32(Self.header + cell * 8) }
  /// The same of the counter of its exits.
  func exitDisplacement(of cell: Int) -> Int32 {
    Int32((Int(TORTURE_EXITS_ROW) * capacity + cell) * 8 + Self.header)
  }
  func cell(at displacement: UInt64) -> Int { (Int(displacement) - Self.header) / 8 }

  /// What the callback of a tracer is given to find its counters.
  func context(of tracer: Int, drops: Bool, parks: Bool) -> torture_tracer {
    let row = unsafe shared.pointee.row
    return torture_tracer(
      row: UInt64(tracer + 1) * row, block: Int64(blockPointer), limit: UInt64(Self.header) + row,
      number: UInt64(tracer), drop_every: drops ? 5000 : 0, park_mask: parks ? 0x7FFF : 0, strays: 0)
  }

  /// What gives the calling thread the block of a worker: before its first call of a body. The books must outlive its calls.
  func adopter(worker: Int, seed: UInt64) -> @Sendable () -> Void {
    let block = unsafe UInt(bitPattern: blocks.start) + UInt(worker) * UInt(shared.pointee.stride)
    return { [slot] in
      // Safe: the worker that had the block before has ended.
      let block = unsafe UnsafeMutablePointer<torture_block>(bitPattern: block).unsafelyUnwrapped
      unsafe block.pointee.random = seed | 1
      unsafe torture_block_adopt(slot, block)
    }
  }

  /// How long the calling worker is to park now, in nanoseconds; 0: not at all.
  static func timeToPark(slot: UInt32, mask: UInt64) -> UInt64 {
    guard let block = unsafe torture_block_self(slot) else { return 0 }
    return unsafe torture_time_to_park(block, mask)
  }

  /// How many cells are in use, from the first.
  var used: Int {
    get { unsafe Int(shared.pointee.used) / 8 }
    set { unsafe shared.pointee.used = UInt64(newValue * 8) }
  }

  // MARK: - What stops saw

  /// Stops of this runtime that changed what is traced, and all.
  var boundaries: UInt64 { unsafe shared.pointee.boundaries }
  var stops: UInt64 { unsafe shared.pointee.stops }

  func state(of worker: Int) -> torture_state { unsafe states[worker] }

  /// Where the row of a worker's exits begins in what was counted.
  var exitsRow: Int { Int(TORTURE_EXITS_ROW) * used }

  /// What was counted between the last two boundaries: a row of the bodies' counters, one for each tracer, and those of exits.
  func deltas(of worker: Int) -> [UInt64] {
    let (used, rows) = (used, Self.rows)
    return unsafe Array(unsafeUninitializedCapacity: used * rows) { deltas, count in
      for row in 0..<rows {
        let start = (worker * rows + row) * capacity
        // Safe: both copies hold `capacity` words for each row, and no boundary is under way.
        let (new, old) = unsafe (copy.start + start, previous.start + start)
        for cell in 0..<used { unsafe deltas[row * used + cell] = new[cell] &- old[cell] }
      }
      count = used * rows
    }
  }

  /// The interval is settled: what is the end of it is the start of the next.
  func turnPage() {
    swap(&copy, &previous)
    pointAtCopy()
  }

  private func pointAtCopy() {
    unsafe shared.pointee.copy = UnsafeMutableRawPointer(copy.start).assumingMemoryBound(to: UInt8.self)
  }
}
