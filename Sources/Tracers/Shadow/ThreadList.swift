/// Kernel's ids of threads at one place in memory, for C.
@safe final class ThreadList: Sendable {
  // Safe: written before anything else has the object, freed with it.
  nonisolated(unsafe) let start: UnsafePointer<Int32>
  let count: UInt32

  init(_ threads: [Int32]) {
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, threads.count))
    for (index, thread) in threads.enumerated() { unsafe (memory + index).initialize(to: thread) }
    unsafe start = UnsafePointer(memory)
    count = UInt32(threads.count)
  }

  deinit { unsafe start.deallocate() }
}
