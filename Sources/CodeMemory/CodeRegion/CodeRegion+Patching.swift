import CFtraceShims
import FtracePlatform

extension CodeRegion {
  func beginPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 {
    guard !mapping.isDual else { return 0 }
    for index in 0..<offsets.count {
      // Inside the caller's buffer by the loop's bounds.
      if unsafe index > 0 && offsets[index] < offsets[index - 1] { return EINVAL }
      guard blocks.block(containing: unsafe UInt(offsets[index])) != nil else { return EFAULT }
    }
    let (failure, done) = unsafe protect(offsets, .readWrite)
    if failure != 0 {
      // Back over what was changed: the boundaries exist already, so this needs no new mappings.
      _ = unsafe protect(UnsafeBufferPointer(rebasing: offsets[..<done]), .readExecute)
    }
    return failure
  }

  func endPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 {
    guard !mapping.isDual else { return 0 }
    return unsafe protect(offsets, .readExecute).failure
  }

  /// Changes the sealed pages that hold `offsets`, neighbours in one call. Answers the errno and how many offsets are done.
  private func protect(
    _ offsets: UnsafeBufferPointer<UInt32>, _ protection: System.Protection
  ) -> (failure: Int32, done: Int) {
    let page = System.pageSize
    var next = 0
    // The pointer is the caller's and valid through the call; `next` stays below its count.
    while next < offsets.count {
      let first = next
      let start = unsafe Int(offsets[next]) & ~(page - 1)
      next += 1
      guard isSealed(start) else { continue }
      var end = start + page
      while unsafe next < offsets.count && Int(offsets[next]) < end + page {
        let candidate = unsafe Int(offsets[next]) & ~(page - 1)
        guard candidate < end || isSealed(candidate) else { break }
        end = candidate + page
        next += 1
      }
      do {
        try System.mprotect(mapping.executable + UInt(start), bytes: end - start, protection)
      } catch {
        return (error.errno, first)
      }
    }
    return (0, next)
  }

  /// Blocks of a toggling mapping begin and end with pages, so the block at the page's start is the only one in it.
  private func isSealed(_ offset: Int) -> Bool {
    guard let entry = entry(atOffset: UInt(offset)) else { return false }
    return entry.state != .unsealed
  }
}
