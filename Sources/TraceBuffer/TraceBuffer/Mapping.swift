import CFtraceShims
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

/// The file of a file-backed ring, closed when the last who uses it goes.
final class BackingFile: Sendable {
  let descriptor: Descriptor
  /// The path, if there was nothing at it before: what others made there is not ours to remove.
  private let created: String?

  /// A file that is there, for reading.
  init(reading path: String) throws(SystemError) {
    descriptor = try System.open(path, flags: O_RDONLY)
    created = nil
  }

  /// An empty file: a new one, or one that is there, emptied.
  init(emptyAt path: String) throws(SystemError) {
    let flags = O_RDWR | O_CREAT
    do throws(SystemError) {
      descriptor = try System.open(path, flags: flags | O_EXCL)
      created = path
    } catch {
      guard error.errno == EEXIST else { throw error }
      descriptor = try System.open(path, flags: flags | O_TRUNC)
      created = nil
    }
  }

  /// Removes the file after a failure, if it was made here.
  func discard() { if let created { try? System.unlink(created) } }
}
