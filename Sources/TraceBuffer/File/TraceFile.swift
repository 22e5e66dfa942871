import CFtraceTraceBuffer
import FtracePlatform

/// A file with a trace: a stream, or a file-backed ring, whether its process lives or not.
public struct TraceFile: Sendable {
  /// All that precedes the damage; of a ring all blocks that are whole, and those that are not up to where they make sense.
  public let contents: TraceSnapshot
  /// Where and why the file first stops making sense; nil if it does not.
  public let damage: TraceFileDamage?
  /// How many blocks do not make sense to their end: more than one in a ring alone.
  public let damagedBlocks: Int
  /// A file-backed ring: its process may be writing it.
  public let isRing: Bool
  /// A stream that was ended in order; false of one whose process died.
  public let wasEnded: Bool

  /// Reads a file. Any bytes are met with a result or an error.
  /// - Throws: `TraceFileError` if it cannot be opened, or does not begin as a trace does. O(size).
  public init(path: String) throws(TraceFileError) {
    let file: BackingFile
    do throws(SystemError) { file = try BackingFile(reading: path) } catch {
      throw TraceFileError(path, error)
    }
    try self.init(name: path) { (offset: Int, count: Int) throws(SystemError) in
      var bytes = [UInt8](repeating: 0, count: count)
      var filled = 0
      while filled < count {
        // Safe: the array's storage is valid through the call, which writes no more than its count.
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
          Swift.Result { () throws(SystemError) in
            try unsafe System.pread(
              file.descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), offset: offset + filled
            )
          }
        }
        let read = try result.get()
        if read == 0 { break }
        filled += read
      }
      bytes.removeLast(count - filled)
      return bytes
    }
  }

  /// Reads the bytes of a file.
  public init(bytes: [UInt8]) throws(TraceFileError) {
    try self.init(name: "the trace") { (offset: Int, count: Int) throws(SystemError) in
      Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
    }
  }

  private init(name: String, read: (Int, Int) throws(SystemError) -> [UInt8]) throws(TraceFileError) {
    let head: [UInt8]
    do throws(SystemError) { head = try read(0, MemoryLayout<ftrace_file_header>.size) } catch {
      throw TraceFileError(name, error)
    }
    var parser: TraceFileParser
    do throws(TraceFileParser.NotATrace) { parser = try TraceFileParser(head: head) } catch {
      throw .notATrace(path: name, error.reason)
    }
    let bytes = parser.snapshot.blockBytes
    var offset = bytes
    while !parser.isAtEnd {
      do throws(SystemError) {
        let block = try read(offset, bytes)
        if block.isEmpty { break }
        // Safe: whole words of the array's own bytes are copied.
        let words = unsafe block.withUnsafeBytes { raw in
          (0..<block.count / 8).map { unsafe raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
        }
        parser.add(words, rest: block.count % 8, at: offset)
        if block.count < bytes { break }
        offset += bytes
      } catch {
        parser.fail(offset, .unreadable(errno: error.errno))
      }
    }
    damage = parser.damage
    damagedBlocks = parser.damagedBlocks
    isRing = parser.isRing
    wasEnded = parser.wasEnded
    contents = parser.finish()
  }
}
