import CFtraceShims
import Ftrace
import FtracePlatform

/// A tracer that counts: one cell for each worker, written by that worker alone.
@safe final class TortureTracer {
  let number: Int
  private(set) var ops: TraceOps
  var filter = TraceFilter.all
  var isRegistered = false
  private let slot: UInt32
  private let drops: Bool
  // Safe: allocated for as long as this object, which outlives the registration of its ops.
  private let context: UnsafeMutablePointer<Context>

  /// What the callback reads.
  struct Context {
    var cell: Int
    var slot: UInt32
    /// Calls to leave out one of, to see that it is noticed; 0: none.
    var dropEvery: UInt64
    /// Calls on threads that are no workers, which there are none of.
    var strays: UInt64
  }

  init(number: Int, slot: UInt32, drops: Bool) {
    self.number = number
    self.slot = slot
    self.drops = drops
    unsafe context = .allocate(capacity: 1)
    unsafe context.initialize(to: Context(cell: number, slot: slot, dropEvery: drops ? 5_000 : 0, strays: 0))
    ops = TraceOps(name: "torture-\(number)") { _ in }
  }

  deinit { unsafe context.deallocate() }

  var isShared: Bool { filter.isUnfiltered && !ops.wantsRegisters }
  /// Calls on threads that are no workers of the torture.
  var strays: UInt64 { unsafe context.pointee.strays }

  /// A new ops with the same cells.
  func renew(filter: TraceFilter, registers: Bool) {
    self.filter = filter
    ops = unsafe TraceOps(
      name: "torture-\(number)", filter: filter, registers: registers, context: UnsafeMutableRawPointer(context)
    ) { _, _, context, _ in
      let context = unsafe context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
      guard let cells = unsafe ftrace_thread_runtime(context.pointee.slot) else {
        unsafe context.pointee.strays &+= 1
        return
      }
      let cell = unsafe cells.assumingMemoryBound(to: UInt64.self) + context.pointee.cell
      unsafe cell.pointee &+= 1
      let dropEvery = unsafe context.pointee.dropEvery
      // The planted fault: an event that happened and is not in the books.
      if unsafe dropEvery != 0 && cell.pointee % dropEvery == 0 { unsafe cell.pointee &-= 1 }
    }
  }
}
