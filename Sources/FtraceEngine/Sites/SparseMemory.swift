import FtracePlatform

/// Zeroed memory that takes space only where it is touched.
@safe final class SparseMemory {
  // Safe: the mapping is this object's until `deinit`.
  let start: UnsafeMutableRawPointer
  private let bytes: Int

  init(bytes: Int) throws(SystemError) {
    unsafe start = try System.mmap(bytes: bytes, .readWrite, .sparse)
    self.bytes = bytes
  }

  deinit { try? System.munmap(UInt(bitPattern: unsafe start), bytes: bytes) }
}
