import CFtraceShims

/// The process's mappings as the kernel lists them in `/proc/self/maps` (proc_pid_maps(5)).
///
/// Used to check that no page is writable and executable, and to name the object that holds a host address.
package struct MemoryMap: Sendable {
  /// One mapping.
  package struct Entry: Equatable, Sendable {
    package let range: Range<UInt>
    package let isReadable, isWritable, isExecutable, isShared: Bool
    /// Offset of the mapping in its file, bytes.
    package let offset: UInt
    package let inode: UInt
    /// Path or pseudo-path; empty for anonymous memory.
    package let name: String
  }

  /// Ascending and disjoint.
  package let entries: [Entry]

  /// Reads the map of the calling process. The kernel gives a consistent answer for each mapping, not across all of them.
  package static func current() throws(SystemError) -> MemoryMap {
    MemoryMap(parsing: try System.readFile("/proc/self/maps"))
  }

  /// Parses the text of such a file; lines that do not have its form are left out.
  package init(parsing text: [UInt8]) {
    entries = text.split(separator: UInt8(ascii: "\n")).compactMap(Entry.init(line:))
  }

  /// The mappings that are writable and executable at once: always empty, or a rule is broken.
  package var writableAndExecutable: [Entry] { entries.filter { $0.isWritable && $0.isExecutable } }

  /// The mapping that holds an address. O(log n).
  package func entry(containing address: UInt) -> Entry? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].range.upperBound <= address { low = middle + 1 } else { high = middle }
    }
    guard low < entries.count, entries[low].range.contains(address) else { return nil }
    return entries[low]
  }

  /// The mappings that overlap a range.
  package func entries(overlapping range: Range<UInt>) -> [Entry] { entries.filter { $0.range.overlaps(range) } }
}

extension MemoryMap.Entry {
  /// `7f0000000000-7f0000001000 r-xp 00000000 00:01 1234   /path with spaces`.
  init?(line: ArraySlice<UInt8>) {
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: true)
    guard fields.count >= 5, fields[1].count == 4 else { return nil }
    let bounds = fields[0].split(separator: UInt8(ascii: "-"))
    guard bounds.count == 2, let start = Self.number(bounds[0], radix: 16), let end = Self.number(bounds[1], radix: 16),
      start <= end, let offset = Self.number(fields[2], radix: 16), let inode = Self.number(fields[4], radix: 10)
    else { return nil }
    let flags = fields[1]
    func has(_ letter: Unicode.Scalar, at index: Int) -> Bool {
      flags[flags.startIndex + index] == UInt8(ascii: letter)
    }
    range = start..<end
    isReadable = has("r", at: 0)
    isWritable = has("w", at: 1)
    isExecutable = has("x", at: 2)
    isShared = has("s", at: 3)
    self.offset = offset
    self.inode = inode
    name = fields.count > 5 ? String(decoding: fields[5].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self) : ""
  }

  private static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> UInt? {
    UInt(String(decoding: digits, as: UTF8.self), radix: radix)
  }
}

extension System {
  /// The bytes of a whole file, also of those in /proc, whose size is not known beforehand.
  package static func readFile(_ path: String) throws(SystemError) -> [UInt8] {
    let file = try open(path, flags: O_RDONLY)
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while true {
      // The array's storage is valid through the call, and read(2) writes no more than its count.
      let result = unsafe piece.withUnsafeMutableBytes { buffer in
        Swift.Result { () throws(SystemError) in try unsafe read(file, into: buffer) }
      }
      let count = try result.get()
      if count == 0 { return contents }
      contents += piece[..<count]
    }
  }
}
