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

  /// After a stop: frees the blocks that it looked for and did not find, and then what belonged to them. Nothing if it could not look everywhere.
  func reclaim() {
    guard scanIsWhole else { return }
    scanIsWhole = false
    var releases: [() -> Void] = []
    _ = arena.reclaim { entry in
      if let release = onReclaim.removeValue(forKey: entry.block.offset) { releases.append(release) }
    }
    for release in releases { release() }
    // What is in use stays for long: do not make a stop for it again and again.
    let left = arena.statistics
    reclaimAt = (max(Self.retiredLimit, 2 * left.retiredBlocks), max(Self.retiredBytesLimit, 2 * left.retiredBytes))
  }

  /// Whether enough waits for a stop that one should be made for it.
  var shouldReclaim: Bool {
    unlinked.count >= Self.unlinkedLimit || arena.statistics.retiredBlocks >= reclaimAt.blocks
      || arena.statistics.retiredBytes >= reclaimAt.bytes
  }

  /// A stop that writes nothing, for what is retired.
  func reclaimRetired() throws(FtraceError) {
    guard arena.statistics.retiredBlocks > 0 else { return }
    var plan = Plan()
    _ = try run(&plan)
  }
}
