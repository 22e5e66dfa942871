import CFtraceShims
import FtracePlatform
import Synchronization

/// The side of the traced threads. One thread's calls never overlap: the thunk of the ops holds back, and counts, what a signal
/// handler or the callback itself would add.
extension EventBuffer {
  /// Records a call. A full chunk, and a thread's first event, cost an mmap(2); nothing else leaves user space.
  // Safe throughout this file: `shared` lives while the ops is registered, a stream belongs to the calling thread, and its cursor
  // stays within the current chunk.
  @inline(__always)
  static func append(ip: UInt, parentIP: UInt, to shared: UnsafeMutablePointer<Shared>) {
    var cpu: UInt32 = 0
    let time = unsafe ftrace_rdtscp(&cpu)
    guard let stream = unsafe stream(ofCallerIn: shared) else {
      unsafe shared.pointee.lostToThreads.wrappingAdd(1, ordering: .relaxed)
      return
    }
    if unsafe stream.pointee.cursor == stream.pointee.end {
      guard unsafe addChunk(to: stream, shared) else { return }
    }
    guard let cursor = unsafe stream.pointee.cursor else { return }
    unsafe cursor.initialize(to: FunctionEvent(ip: ip, parentIP: parentIP, time: time, cpu: cpu))
    unsafe stream.pointee.cursor = cursor + 1
  }

  /// The calling thread's stream, made if need be; nil if there is no place or no memory for one.
  @inline(__always)
  private static func stream(ofCallerIn shared: UnsafeMutablePointer<Shared>) -> WorkerStream.Pointer? {
    let thread = unsafe ftrace_thread_self()
    guard let thread = unsafe thread, let entry = unsafe entry(of: thread, shared) else { return nil }
    // A block that lies where an ended thread's was belongs to another thread.
    if let stream = unsafe entry.pointee.stream, unsafe stream.pointee.threadID == ftrace_thread_id(thread) {
      return unsafe stream
    }
    return unsafe makeStream(of: thread, in: entry, shared)
  }

  @inline(__always)
  private static func entry(
    of thread: OpaquePointer, _ shared: UnsafeMutablePointer<Shared>
  ) -> UnsafeMutablePointer<Entry>? {
    let key = UInt(bitPattern: thread)
    // Fibonacci hashing (Knuth, volume 3, section 6.4): blocks lie at like offsets of thread stacks.
    var index = Int(((key >> 6) &* 0x9E37_79B9_7F4A_7C15) >> 52)
    for _ in 0..<threadLimit {
      let entry = unsafe shared.pointee.table + index
      let found = unsafe entry.pointee.thread.load(ordering: .relaxed)
      if found == key { return unsafe entry }
      if found == 0 {
        // Relaxed: the key is all that other threads read of an entry.
        let result = unsafe entry.pointee.thread.compareExchange(expected: 0, desired: key, ordering: .relaxed)
        if result.exchanged { return unsafe entry }
      }
      index = (index + 1) & (threadLimit - 1)
    }
    return nil
  }

  private static func makeStream(
    of thread: OpaquePointer, in entry: UnsafeMutablePointer<Entry>, _ shared: UnsafeMutablePointer<Shared>
  ) -> WorkerStream.Pointer? {
    guard let memory = unsafe map(bytes: System.pageSize) else { return nil }
    let stream = unsafe memory.bindMemory(to: WorkerStream.self, capacity: 1)
    unsafe stream.initialize(to: WorkerStream(thread: thread))
    let address = UInt(bitPattern: stream)
    var newest = unsafe shared.pointee.newest.load(ordering: .relaxed)
    while true {
      unsafe stream.pointee.previous = newest
      // Releasing: pairs with the load in `streams`, which reads what the address points at.
      let result = unsafe shared.pointee.newest.compareExchange(
        expected: newest, desired: address, ordering: .releasing)
      if result.exchanged { break }
      newest = result.original
    }
    unsafe entry.pointee.stream = stream
    return unsafe stream
  }

  /// Gives a stream whose chunk is full another. Counts the event as lost and returns false if there is none to give.
  @inline(never)
  private static func addChunk(
    to stream: WorkerStream.Pointer, _ shared: UnsafeMutablePointer<Shared>
  ) -> Bool {
    let left = unsafe shared.pointee.budget.wrappingSubtract(EventChunk.bytes, ordering: .relaxed).newValue
    guard left >= 0 else {
      unsafe shared.pointee.budget.wrappingAdd(EventChunk.bytes, ordering: .relaxed)
      unsafe stream.pointee.lostToLimit += 1
      return false
    }
    guard let memory = unsafe map(bytes: EventChunk.bytes) else {
      unsafe shared.pointee.budget.wrappingAdd(EventChunk.bytes, ordering: .relaxed)
      unsafe stream.pointee.lostToMemory += 1
      return false
    }
    let chunk = unsafe memory.bindMemory(to: EventChunk.self, capacity: 1)
    unsafe chunk.initialize(to: EventChunk())
    if let last = unsafe stream.pointee.last {
      unsafe last.pointee.next = chunk
    } else {
      unsafe stream.pointee.first = chunk
    }
    unsafe stream.pointee.last = chunk
    unsafe stream.pointee.cursor = EventChunk.events(of: chunk)
    unsafe stream.pointee.end = EventChunk.events(of: chunk) + EventChunk.capacity
    return true
  }

  private static func map(bytes: Int) -> UnsafeMutableRawPointer? {
    // A stored constant: a list of flags would be an array, which unoptimised builds allocate.
    try? unsafe System.mmap(bytes: bytes, .readWrite, .sparse)
  }
}
