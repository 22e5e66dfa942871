import FtracePlatform

/// Memory of a buffer, unmapped when its owner goes.
@safe struct Mapping: ~Copyable, Sendable {
  // Safe: the mapping is ours and lives as long as this value.
  nonisolated(unsafe) let start: UnsafeMutableRawPointer
  let bytes: Int

  /// Zero memory, or a file from its beginning; it may reach beyond the end of the file.
  init(bytes: Int, file: Int32? = nil) throws(SystemError) {
    self.bytes = System.roundedToPages(bytes)
    if let file {
      unsafe start = try unsafe System.mmap(bytes: self.bytes, .readWrite, .shared, descriptor: file)
    } else {
      unsafe start = try unsafe System.mmap(bytes: self.bytes, .readWrite, .sparse)
    }
  }

  /// Puts zero memory of this process alone in the place of what is there.
  func replace() throws(SystemError) {
    _ = try unsafe System.mmap(
      at: UInt(bitPattern: start), bytes: bytes, .readWrite, [.private, .anonymous, .noReserve, .fixed])
  }

  // The mapping is whole, so nothing can be refused.
  deinit { try? unsafe System.munmap(UInt(bitPattern: start), bytes: bytes) }
}
