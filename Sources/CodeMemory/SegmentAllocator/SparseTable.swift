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
  }

  deinit {
    let bytes = System.roundedToPages(count * MemoryLayout<Element>.stride)
    try? unsafe System.munmap(UInt(bitPattern: base), bytes: bytes)
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
