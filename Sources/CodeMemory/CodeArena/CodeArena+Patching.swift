import FtracePlatform

extension CodeArena {
  /// Where the byte of code at `offset` can be written: the one function that goes from code to a writable address.
  ///
  /// In a dual mapping the pointer is valid for writing at all times. In one that toggles, it is for unsealed blocks, and for others
  /// between ``beginPatching(_:)`` and ``endPatching(_:)``. May be computed before a stop and used by C code in it.
  public func writableAddress(ofCodeAt offset: UInt32) -> UnsafeMutableRawPointer {
    unsafe code.mapping.writableAddress(Int(offset))
  }

  /// Makes the pages of the given places of code writable, and not executable meanwhile. Only while all workers are stopped.
  ///
  /// Does nothing in a dual mapping. Allocates nothing and takes no lock. Pages of unsealed blocks are writable already and left
  /// alone. What is written at a place ends in the same page.
  ///
  /// - Parameter offsets: ascending offsets in the code region, each within a block.
  /// - Returns: 0, or an errno; nothing has changed then. `EFAULT`: an offset lies in no block. `EINVAL`: they do not ascend.
  public func beginPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 { unsafe code.beginPatching(offsets) }

  /// Ends what ``beginPatching(_:)`` began, with the same offsets. Only while all workers are stopped, before any is released.
  ///
  /// - Returns: 0, or an errno: pages remain that cannot be executed. No worker may be released before a repetition answers 0.
  public func endPatching(_ offsets: UnsafeBufferPointer<UInt32>) -> Int32 { unsafe code.endPatching(offsets) }

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
}
