import CFtraceShims
import FtracePlatform

/// Counters that emitted code and tracers write, and that a stop copies: plain memory with a fixed place.
@safe final class TortureMemory: Sendable {
  // Safe: both live as long as this object; cells are written by emitted code and callbacks, and read in stops.
  nonisolated(unsafe) let start: UnsafeMutablePointer<UInt64>
  let count: Int

  init(words count: Int) throws(SystemError) {
    unsafe start = try System.mmap(bytes: count * 8, .readWrite, .sparse).bindMemory(to: UInt64.self, capacity: count)
    self.count = count
  }

  deinit { try? System.munmap(UInt(bitPattern: unsafe start), bytes: count * 8) }

  func address(of index: Int) -> UInt { unsafe UInt(bitPattern: start + index) }
}
