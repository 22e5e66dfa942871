import CFtraceShims
import CFtraceTorture
import Ftrace

/// A tracer that counts: a cell for each worker and body, written by that worker alone.
@safe final class TortureTracer {
  let number: Int
  private(set) var ops: TraceOps
  var filter = TortureFilter.all
  var isRegistered = false
  // Safe: allocated for as long as this object, which outlives the registration of its ops.
  private let context: UnsafeMutablePointer<torture_tracer>

  init(number: Int, context: torture_tracer) {
    self.number = number
    unsafe self.context = .allocate(capacity: 1)
    unsafe self.context.initialize(to: context)
    ops = TraceOps(name: "torture-\(number)") { _ in }
  }

  deinit { unsafe context.deallocate() }

  var isShared: Bool { filter == .all && !ops.wantsRegisters }
  /// Calls that it cannot account for: not by a worker of the torture, or not of one of its bodies.
  var strays: UInt64 { unsafe context.pointee.strays }

  /// A new ops with the same cells.
  func renew(filter: TortureFilter, registers: Bool) {
    self.filter = filter
    // Safe: the callback has the C convention and these arguments; it is in C so that each of its instructions is accounted for.
    let callback = unsafe unsafeBitCast(torture_address_of_callback(), to: TraceOps.Callback.self)
    ops = unsafe TraceOps(
      name: "torture-\(number)", filter: filter.globs, registers: registers,
      context: UnsafeMutableRawPointer(context), callback: callback)
  }
}
