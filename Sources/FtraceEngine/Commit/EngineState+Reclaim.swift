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
    defer { waitForMore() }
    guard scanIsWhole else { return }
    scanIsWhole = false
    var releases: [() -> Void] = []
    _ = arena.reclaim { entry in
      if let release = onReclaim.removeValue(forKey: entry.block.offset) { releases.append(release) }
    }
    for release in releases { release() }
  }

  /// What is in use stays for long, and so may what a stop could not look for: does not make one for it again and again.
  func waitForMore() {
    let left = arena.statistics
    reclaimAt = (max(Self.retiredLimit, 2 * left.retiredBlocks), max(Self.retiredBytesLimit, 2 * left.retiredBytes))
  }

  /// Whether enough waits for a stop that one should be made for it.
  var shouldReclaim: Bool {
    unlinked.count >= Self.unlinkedLimit || arena.statistics.retiredBlocks >= reclaimAt.blocks
      || arena.statistics.retiredBytes >= reclaimAt.bytes
  }

  /// Whether anything waits for a stop at all.
  var hasRetired: Bool { !unlinked.isEmpty || arena.statistics.retiredBlocks > 0 }

  /// Gives the memory back that is kept for the code of an ops that leaves, if one does.
  /// - Returns: whether there may be memory now.
  func spendReserve() -> Bool {
    guard maySpendReserve, let block = reserve else { return false }
    arena.discard(block)
    reserve = nil
    return true
  }

  /// Keeps memory for the next ops that leaves: leaving can need new code, which calls those that stay, and must not fail because
  /// functions have filled the memory. Where there is none now, it is taken after a later commit.
  func restoreReserve() {
    guard reserve == nil else { return }
    let bytes = min(Self.reserveBytes, arena.codeAddresses.count / 64)
    reserve = try? arena.allocate(bytes: bytes)
  }

  /// Some trampolines with compiled bodies, of several classes.
  private static let reserveBytes = 16 << 10

  /// A stop that writes nothing, for what is retired.
  func reclaimRetired() throws(FtraceError) {
    guard arena.statistics.retiredBlocks > 0 else { return }
    var plan = Plan()
    _ = try run(&plan)
  }
}
