import FtracePlatform

extension CodeRegion {
  /// A memfd with the same bytes at the same offsets, or nil if fork copies the code by itself.
  func copy() throws(SystemError) -> Descriptor? {
    guard mapping.isDual else { return nil }
    let copy = try CodeMapping.executableMemory()
    try System.ftruncate(copy, bytes: mapping.codeBytes)
    try committed.forEachRun { (run: Range<Int>) throws(SystemError) in
      // Committed chunks have memory, which nobody writes during the stop.
      let source = unsafe UnsafeRawBufferPointer(start: mapping.writableAddress(run.lowerBound), count: run.count)
      var done = 0
      while done < run.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: source[done...])
        done += try unsafe System.pwrite(copy, rest, offset: run.lowerBound + done)
      }
    }
    return copy
  }

  /// Puts another memfd in the place of this region's.
  mutating func adopt(_ descriptor: consuming Descriptor) throws(SystemError) {
    let number = descriptor.number
    // Both aliases are this region's own, and no code in it runs in a child that has just begun.
    _ = unsafe try System.mmap(
      at: mapping.writable, bytes: mapping.codeBytes, .readWrite, [.shared, .fixed], descriptor: number)
    _ = unsafe try System.mmap(
      at: mapping.executable, bytes: mapping.codeBytes, .none, [.shared, .fixed], descriptor: number)
    let start = mapping.executable
    try committed.forEachRun { (run: Range<Int>) throws(SystemError) in
      try System.mprotect(start + UInt(run.lowerBound), bytes: run.count, .readExecute)
    }
    mapping.descriptor = descriptor
  }

  /// Lets go of the memory that is shared with another process, and of the right to change its file.
  mutating func deny() {
    guard mapping.isDual else { return }
    empty(at: mapping.writable, .readWrite)
    // Still read, for reports.
    empty(at: mapping.executable, .read)
    mapping.descriptor = Descriptor(-1)
    committed.forget()
  }

  /// Puts private, empty memory in the place of an alias.
  private func empty(at start: UInt, _ protection: System.Protection) {
    do throws(SystemError) {
      // The alias is this region's own, and no code in it runs.
      _ = unsafe try System.mmap(
        at: start, bytes: mapping.codeBytes, protection, [.private, .anonymous, .noReserve, .fixed])
    } catch {
      // Without memory for the kernel's own tables: a fault is better than a write to the other process.
      try? System.mprotect(start, bytes: mapping.codeBytes, .none)
    }
  }
}
