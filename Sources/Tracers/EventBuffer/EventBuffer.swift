import CFtraceShims
import FtracePlatform
import Synchronization

/// The events of all threads: streams by thread, within a limit of memory.
///
/// Threads append without locks, allocations of Swift, or reference counting; see `append`. Everything else needs that no thread
/// appends any more.
@safe final class EventBuffer: Sendable {
  /// What `append` works on; its address is the context of the callback.
  // Safe: allocated for as long as this object, which outlives the registration of the ops.
  nonisolated(unsafe) let shared: UnsafeMutablePointer<Shared>

  /// Threads at one time that can have a stream; further ones count their calls as lost.
  static let threadLimit = 4096

  // Safe: reached through `shared` alone, by code that argues for itself.
  @safe struct Shared: ~Copyable {
    /// Address of the newest stream.
    let newest = Atomic<UInt>(0)
    /// Bytes of chunks that may still be taken.
    let budget: Atomic<Int>
    /// Calls on threads for which there was no place or no memory.
    let lostToThreads = Atomic<Int>(0)
    /// Open addressing by the address of the thread's block.
    let table: UnsafeMutablePointer<Entry>

    init(budget: Int, table: UnsafeMutablePointer<Entry>) {
      self.budget = Atomic(budget)
      unsafe self.table = table
    }
  }

  @safe struct Entry: ~Copyable {
    /// Address of the thread's block, 0: free. It never changes again.
    let thread = Atomic<UInt>(0)
    /// Written and read by that thread alone.
    var stream: WorkerStream.Pointer?
  }

  init(bytes: Int) {
    let table = UnsafeMutablePointer<Entry>.allocate(capacity: Self.threadLimit)
    for index in 0..<Self.threadLimit { unsafe (table + index).initialize(to: Entry()) }
    unsafe shared = .allocate(capacity: 1)
    unsafe shared.initialize(to: Shared(budget: bytes, table: table))
  }

  deinit {
    let streams = unsafe streams
    for index in unsafe streams.indices {
      let stream = unsafe streams[index]
      var chunk = unsafe stream.pointee.first
      while let current = unsafe chunk {
        unsafe chunk = current.pointee.next
        unsafe unmap(current, bytes: EventChunk.bytes)
      }
      unsafe unmap(stream, bytes: System.pageSize)
    }
    unsafe shared.pointee.table.deinitialize(count: Self.threadLimit)
    unsafe shared.pointee.table.deallocate()
    unsafe shared.deinitialize(count: 1)
    unsafe shared.deallocate()
  }

  /// The streams, in the order in which their threads appeared.
  var streams: [WorkerStream.Pointer] {
    var streams: [WorkerStream.Pointer] = unsafe []
    // Pairs with the release in `makeStream`.
    var address = unsafe shared.pointee.newest.load(ordering: .acquiring)
    // Safe: the list holds streams, which live as long as this object.
    while let stream = unsafe WorkerStream.Pointer(bitPattern: address) {
      unsafe streams.append(stream)
      unsafe address = stream.pointee.previous
    }
    return unsafe streams.reversed()
  }

  private func unmap(_ start: UnsafeMutableRawPointer, bytes: Int) {
    // The mapping is ours and whole, so nothing can be refused.
    try? System.munmap(UInt(bitPattern: start), bytes: bytes)
  }
}
