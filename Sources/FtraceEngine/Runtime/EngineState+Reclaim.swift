import FtraceCodeMemory
import FtraceQuiescence

extension EngineState {
  /// Bounds on what waits: beyond them the next operation runs a stop of its own for it.
  static let unlinkedLimit = 256
  static let retiredLimit = 1024
  static let retiredBytesLimit = 1 << 20

  /// Puts a block that patched code no longer reaches on the list of those that wait for a stop without references.
  func retire(_ block: CodeBlock, then release: (() -> Void)? = nil) {
    if let release { onReclaim[block.offset] = release }
    arena.retire(block)
  }

  /// Frees the retired ranges that the scan did not mark.
  func reclaim(_ retired: [CodeRange], _ marks: [UInt8]) {
    for (range, mark) in zip(retired, marks) where mark == 0 {
      let offset = UInt32(UInt(range.start) - arena.executableBase)
      if let release = onReclaim.removeValue(forKey: offset) { release() }
    }
    arena.reclaim(retired, marks: marks)
  }

  /// Whether enough waits for a stop that one should be made for it.
  var shouldReclaim: Bool {
    unlinked.count >= Self.unlinkedLimit || arena.statistics.retiredBlocks >= Self.retiredLimit
      || arena.statistics.retiredBytes >= Self.retiredBytesLimit
  }

  /// One stop that drops the sites of unlinked bodies, and one that reclaims them, unless something refers to them.
  func reclaimNow() throws(FtraceError) {
    _ = try commit(desired)
    guard arena.statistics.retiredBlocks > 0 else { return }
    var plan = Plan()
    _ = try run(&plan)
  }
}
