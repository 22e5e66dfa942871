import CFtraceTraceBuffer

/// Takes full blocks out of rings, and gives each back when the next is taken. With the buffer's `reading` held.
///
/// It keeps one block of the pool as a spare, which it gives before it takes: the ring gets an empty block for the full one.
@safe struct BlockReader: ~Copyable {
  // Safe: the buffer outlives its reader, which is a local variable of the buffer's methods.
  private let buffer: OpaquePointer
  private var ring: UInt32 = 0
  private var held: UInt32
  /// Blocks taken.
  private(set) var count = 0

  init(_ buffer: OpaquePointer) {
    unsafe self.buffer = unsafe buffer
    held = unsafe ftrace_buffer_spare(buffer)
  }

  /// The next block of any ring; what was taken before is no longer valid.
  mutating func next() -> ftrace_taken? {
    let rings = unsafe ftrace_buffer_rings(buffer)
    while ring < rings {
      if let taken = next(of: ring) { return taken }
      ring += 1
    }
    return nil
  }

  /// The next block of a ring; what was taken before is no longer valid.
  mutating func next(of ring: UInt32) -> ftrace_taken? {
    giveHeld()
    let taken = unsafe ftrace_ring_take(buffer, ring)
    guard taken.block != 0 else { return nil }
    held = taken.block
    count += 1
    return taken
  }

  /// Gives the last block back; rings whose last block was read are free again.
  mutating func finish() {
    giveHeld()
    unsafe ftrace_buffer_reclaim(buffer)
  }

  private mutating func giveHeld() {
    if held != 0 { unsafe ftrace_buffer_give(buffer, held) }
    held = 0
  }
}
