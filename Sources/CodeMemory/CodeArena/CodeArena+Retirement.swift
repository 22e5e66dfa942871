import CFtraceShims
import FtracePlatform

/// Retired blocks, and the arrays that a scan reads while workers are stopped.
@safe struct Retirement: ~Copyable {
  /// Records of retired blocks. The first `prepared` of them are in the arrays, in the same order.
  var records: [UInt32] = []
  var prepared = 0
  /// Storage for the scan; `capacity` elements each.
  private(set) var ranges: UnsafeMutablePointer<ftrace_code_range>?
  private(set) var marks: UnsafeMutablePointer<UInt8>?
  private(set) var capacity = 0

  init() {
    unsafe ranges = nil
    unsafe marks = nil
  }

  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    let wanted = max(count, 2 * capacity, 64)
    // The old arrays belong to the previous preparation, which ends here.
    unsafe ranges?.deallocate()
    unsafe marks?.deallocate()
    unsafe ranges = .allocate(capacity: wanted)
    unsafe marks = .allocate(capacity: wanted)
    capacity = wanted
  }

  deinit {
    unsafe ranges?.deallocate()
    unsafe marks?.deallocate()
  }
}

extension CodeArena {
  /// What the scan of stopped workers reads and writes: `ftrace_code_ranges_mark` takes the three as they are.
  ///
  /// Valid until the next ``prepareReclamation()`` or ``reclaim(_:)``, or until the arena goes.
  @unsafe public struct RetiredRanges {
    /// Executable addresses, ascending and disjoint.
    public let ranges: UnsafePointer<ftrace_code_range>?
    /// One byte for each range; 0 at first, anything else keeps the block.
    public let marks: UnsafeMutablePointer<UInt8>?
    public let count: Int
  }

  /// What ``reclaim(_:)`` did.
  public struct Reclamation: Equatable, Sendable {
    /// Blocks and bytes that are free now.
    public var blocks = 0
    public var bytes = 0
    /// Prepared blocks that are still retired, because they were marked.
    public var marked = 0
    /// Prepared blocks that are still retired, because the kernel refused the change of their pages. Only if the arena toggles.
    public var refused = 0

    /// Nothing done.
    public init() {}
  }

  /// Puts a sealed block on the retired list. It stays intact and is found as retired until it is reclaimed.
  ///
  /// The caller has made it unreachable before: no patched site, slot or table leads to it any more. O(1).
  public func retire(_ block: CodeBlock) {
    retirement.records.append(code.retire(block))
  }

  /// Lays out what is retired now for the scan of the next stop. Before the stop: it may allocate.
  ///
  /// What is retired after this waits for the next preparation, so only blocks that were unreachable before the stop began are
  /// judged by it. If the stop fails, prepare again. O(n log n).
  public func prepareReclamation() -> RetiredRanges {
    // Read through a copy: the sort must not hold both parts of the arena.
    var keyed = retirement.records.map { (range: code.blocks.range($0), record: $0) }
    keyed.sort { $0.range.lowerBound < $1.range.lowerBound }
    retirement.reserve(keyed.count)
    if let ranges = unsafe retirement.ranges, let marks = unsafe retirement.marks {
      for (index, key) in keyed.enumerated() {
        retirement.records[index] = key.record
        let start = UInt64(codeAddresses.lowerBound) + UInt64(key.range.lowerBound)
        // The arrays hold at least as many as were reserved above.
        unsafe (ranges + index).initialize(to: ftrace_code_range(start: start, end: start + UInt64(key.range.count)))
        unsafe (marks + index).initialize(to: 0)
      }
    }
    retirement.prepared = keyed.count
    return unsafe RetiredRanges(
      ranges: UnsafePointer(retirement.ranges), marks: retirement.marks, count: keyed.count)
  }

  /// Frees every prepared block that the scan left unmarked: fills it with `int3` and lets it be used again. After the stop.
  ///
  /// In an arena that toggles, the pages become inaccessible instead. Without a preparation since the last call, does nothing.
  ///
  /// - Parameter body: called with each block that was freed, for what belongs to it. May use the arena, but neither prepare nor reclaim.
  public func reclaim(_ body: (Entry) -> Void = { _ in }) -> Reclamation {
    var report = Reclamation()
    var kept: [UInt32] = []
    for index in 0..<retirement.prepared {
      let record = retirement.records[index]
      // Prepared indexes are inside the array, which nobody else writes after the stop.
      if unsafe retirement.marks.unsafelyUnwrapped[index] != 0 {
        kept.append(record)
        report.marked += 1
        continue
      }
      let entry = code.entry(record)
      guard code.reclaim(record, entry) else {
        kept.append(record)
        report.refused += 1
        continue
      }
      body(entry)
      report.blocks += 1
      report.bytes += Int(entry.block.size)
    }
    retirement.records.replaceSubrange(..<retirement.prepared, with: kept)
    retirement.prepared = 0
    return report
  }
}
