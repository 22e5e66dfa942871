import FtracePlatform

/// A table of plain values at a fixed address, zero at first, whose pages take memory when they are first written.
///
/// It never moves or grows, so an append has no spikes. The reservation is not counted against the commit limit unless the
/// system counts strictly (`vm.overcommit_memory` 2).
@safe struct SparseTable<Element: BitwiseCopyable>: ~Copyable {
  private let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Reserves `count` elements, of a type for which zero bytes are a value.
  init(zeroed count: Int) throws(SystemError) {
    let bytes = System.roundedToPages(count * MemoryLayout<Element>.stride)
    let memory = unsafe try System.mmap(
      bytes: bytes, .readWrite, .sparse)
    // Pages are aligned for every type, are as long as the table, and their zeros are values of the type.
    unsafe base = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
    useHugePages(UInt(bitPattern: memory), bytes: bytes)
  }

  /// A large table is worth large pages, but not its first part: small arenas stay small. A system without them ignores it.
  private func useHugePages(_ start: UInt, bytes: Int) {
    let huge: UInt = 2 << 20
    let first = (start + huge - 1) & ~(huge - 1) + huge
    let end = (start + UInt(bytes)) & ~(huge - 1)
    if first < end { try? System.madvise(first, bytes: Int(end - first), .hugePage) }
  }

  deinit {
    let bytes = System.roundedToPages(count * MemoryLayout<Element>.stride)
    try? unsafe System.munmap(UInt(bitPattern: base), bytes: bytes)
  }

  /// Gives a run of elements one value.
  mutating func fill(_ range: Range<Int>, with value: Element) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    // In bounds by the check, and trivial values need no deinitialization.
    unsafe (base + range.lowerBound).update(repeating: value, count: range.count)
  }

  subscript(index: Int) -> Element {
    // In bounds by the check; the mapping lives as long as the table, which is its only user.
    @inline(__always) get {
      precondition(index >= 0 && index < count)
      return unsafe base[index]
    }
    @inline(__always) set {
      precondition(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }
}
