extension CodeArena {
  /// Where the byte of code at `offset` can be written: the one function that goes from code to a writable address.
  ///
  /// In a dual mapping the pointer is valid for writing at all times. In one that toggles, it is for unsealed blocks; for others only in a stop, while
  /// whoever patches has made their pages writable by mprotect(2), and made them executable again before any worker is released.
  /// May be computed before a stop and used by C code in it.
  public func writableAddress(ofCodeAt offset: UInt32) -> UnsafeMutableRawPointer {
    unsafe code.mapping.writableAddress(Int(offset))
  }
}
