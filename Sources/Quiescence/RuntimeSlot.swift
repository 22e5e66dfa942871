import CFtraceShims

/// One of the places that the thread block has for runtimes. Given back when it is released.
package final class RuntimeSlot: Sendable {
  package let index: UInt32

  private static let taken: ShortLocked<UInt32> = {
    let taken = ShortLocked<UInt32>(0)
    AtFork.add(taken.lock)
    return taken
  }()

  /// Takes a free slot.
  /// - Throws: `QuiesceError.tooManyRuntimes`.
  package init() throws(QuiesceError) {
    let limit = UInt32(FTRACE_RUNTIME_SLOTS)
    let free = Self.taken.withLock { taken -> UInt32? in
      guard let index = (0..<limit).first(where: { taken & (1 << $0) == 0 }) else { return nil }
      taken |= 1 << index
      return index
    }
    guard let free else { throw .tooManyRuntimes(limit: Int(limit)) }
    index = free
  }

  /// Places that are taken now.
  package static var takenCount: Int { taken.withLock { $0.nonzeroBitCount } }

  deinit {
    // Before the slot is handed on: no thread keeps a pointer into the runtime that goes away.
    // Parked: a stopper may hold the registry's lock and wait for this thread.
    parked { ftrace_registry_clear_runtime(index) }
    ftrace_worker_blocks_free(index)
    let bit = UInt32(1) << index
    Self.taken.withLock { $0 &= ~bit }
  }
}
