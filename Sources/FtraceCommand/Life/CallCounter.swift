import Ftrace

/// A tracer that counts: the smallest C callback there is.
@safe final class CallCounter {
  let ops: TraceOps
  // Safe: freed when the counter goes, which its owner lets happen only after the ops was unregistered. One thread calls at a time.
  private let cell: UnsafeMutablePointer<Int>

  init(_ name: String) {
    let cell = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    unsafe cell.initialize(to: 0)
    unsafe self.cell = cell
    ops = unsafe TraceOps(name: name, context: UnsafeMutableRawPointer(cell)) { _, _, context, _ in
      if let context = unsafe context { unsafe context.assumingMemoryBound(to: Int.self).pointee += 1 }
    }
  }

  deinit { unsafe cell.deallocate() }

  /// Calls seen since this was last asked.
  func take() -> Int {
    defer { unsafe cell.pointee = 0 }
    return unsafe cell.pointee
  }
}
