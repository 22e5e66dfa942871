import CFtraceShims
import FtracePlatform

extension CodeArena {
  /// Where the byte of code at `offset` can be written: the one function that goes from code to a writable address.
  ///
  /// In a dual mapping the pointer is valid for writing at all times. In one that toggles, it is for unsealed blocks, and for others
  /// between ``beginPatching(_:)`` and ``endPatching(_:)``. May be computed before a stop and used by C code in it.
  public func writableAddress(ofCodeAt offset: UInt32) -> UnsafeMutableRawPointer {
    unsafe mapping.writableAddress(Int(offset))
  }

  /// Makes the pages of the given places of code writable, and not executable meanwhile. Only while all workers are stopped.
  ///
  /// Does nothing in a dual mapping. Allocates nothing and takes no lock. Pages of unsealed blocks are writable already and left
  /// alone. A place is at most 8 bytes in one page.
  ///
  /// - Parameter offsets: ascending offsets in the code region, each within a block.
  /// - Returns: 0, or an errno; nothing has changed then. `EFAULT`: an offset lies in no block.
  public func beginPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 {
    guard !mapping.isDual else { return 0 }
    for index in 0..<offsets.count {
      // Inside the caller's buffer by the loop's bounds.
      guard code.block(containing: unsafe Int(offsets[index]) / Self.granule) != nil else { return EFAULT }
    }
    let (failure, done) = unsafe protect(offsets, .readWrite)
    if failure != 0 {
      // Back over what was changed: the boundaries exist already, so this needs no new mappings.
      _ = unsafe protect(UnsafeBufferPointer(rebasing: offsets[..<done]), .readExecute)
    }
    return failure
  }

  /// Ends what ``beginPatching(_:)`` began, with the same offsets. Only while all workers are stopped, before any is released.
  ///
  /// - Returns: 0, or an errno: pages remain that cannot be executed. No worker may be released before a repetition answers 0.
  public func endPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 {
    guard !mapping.isDual else { return 0 }
    return unsafe protect(offsets, .readExecute).failure
  }

  /// Runs `body` while the given places can be written. Only while all workers are stopped. Allocates nothing itself.
  ///
  /// - Throws: ``CodeMemoryError/system(_:)``. If it comes from the end, `body` has run, and the stop must not end before
  ///   ``endPatching(_:)`` with the same offsets answers 0.
  public func withWritableCode<Result>(
    _ offsets: UnsafeBufferPointer<UInt32>, _ body: () -> Result
  ) throws(CodeMemoryError) -> Result {
    var failure = unsafe beginPatching(offsets)
    guard failure == 0 else { throw .system(SystemError(.mprotect, errno: failure)) }
    let result = body()
    failure = unsafe endPatching(offsets)
    guard failure == 0 else { throw .system(SystemError(.mprotect, errno: failure)) }
    return result
  }

  /// Changes the sealed pages that hold `offsets`, neighbours in one call. Answers the errno and the offsets that are done.
  private func protect(
    _ offsets: UnsafeBufferPointer<UInt32>, _ protection: System.Protection
  ) -> (failure: Int32, done: Int) {
    let page = System.pageSize
    var next = 0
    // The pointer is the caller's and valid through the call; `next` stays below its count.
    while next < offsets.count {
      let start = unsafe Int(offsets[next]) & ~(page - 1)
      let first = next
      guard isSealed(start) else {
        next += 1
        continue
      }
      var end = start + page
      next += 1
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

  private func isSealed(_ offset: Int) -> Bool {
    guard let record = code.block(containing: offset / Self.granule) else { return false }
    return code.segments[Int(record)].state != UInt32(CodeBlock.State.unsealed.rawValue)
  }
}
