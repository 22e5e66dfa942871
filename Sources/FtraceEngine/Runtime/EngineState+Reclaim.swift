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

  /// Frees the prepared blocks that the scan did not mark, and then what belonged to them.
  func reclaim() {
    var releases: [() -> Void] = []
    _ = arena.reclaim { entry in
      if let release = onReclaim.removeValue(forKey: entry.block.offset) { releases.append(release) }
    }
    for release in releases { release() }
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
