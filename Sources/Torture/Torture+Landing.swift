import CFtraceShims
import CFtraceTorture
import Ftrace
import FtraceEngine
import Synchronization

/// A host that leaves emitted code by longjmp(3), while the code that it comes back to is freed and looked for.
///
/// `outer` calls the catch, a closure in Swift, which frees `outer` under itself, calls `inner`, and there parks until a second thread stops the
/// workers to reclaim memory. It leaves its park and `inner` in that stop, waits for its end, and returns into `outer`, which must still be there.
extension Torture {
  func land() throws {
    let inner = TortureFunction(aside: name(layer: 6))
    let outer = TortureFunction(aside: name(layer: 5), callsHost: true)
    let (innerHandle, innerCell) = try define(inner) { inner.leaver($0, ledger.books) }
    let (outerHandle, outerCell) = try define(outer) { emitter(of: outer, cell: $0, callees: [], host: catcher) }
    let stop = ledger.books.stops
    defer { for cell in [innerCell, outerCell] { ledger.retire(cell, since: stop, isQuiet: { true }) } }
    landing.begin(runtime, frees: outerHandle, calls: try innerHandle.gate())
    let number = TortureThread(.stopper, incarnation: steps).number
    let stopper = startThread(named: "torture-stops") { [landing] in
      ftrace_delay_number(number)
      landing.stop()
    }
    // Its stops are those of the others then.
    if stopper == nil { landing.giveUp() }
    try call(outerHandle, expecting: outer.ownValue)
    if let stopper { join(stopper) }
    for complaint in landing.end() { ledger.note("landing: \(complaint)") }
    ledger.landed(innerCell, worker: options.threads)
    if outerHandle.isLive { try runtime.free(outerHandle) }
    try runtime.free(innerHandle)
    report.frees += 2
    report.landings += 1
  }
}

extension TortureFunction {
  /// Emits a body that calls `torture_leave`, and that the books know as any other.
  fileprivate func leaver(
    _ cell: Int, _ books: Books
  ) -> (FunctionBuilder) throws(AssemblerError) -> Void {
    let (block, entries, exits) = (books.blockPointer, books.displacement(of: cell), books.exitDisplacement(of: cell))
    return { f in
      f.entrySite()
      f.mov(.r11, .fs(block))
      f.inc(.qword, .base(.r11, entries))
      f.prologue(saving: [.rbx, .r12])
      f.mov(.rax, Int64(torture_address_of_leave()))
      f.call(.rax)
      f.epilogue()
      f.exitSite()
      f.mov(.r11, .fs(block))
      f.inc(.qword, .base(.r11, exits))
      f.ret()
    }
  }
}

/// The landing that is under way: one at a time.
@safe final class TortureLanding: Sendable {
  private struct Job {
    let runtime: TraceRuntime
    let outer: FunctionHandle
    let inner: UInt
  }

  private let job = Mutex<Job?>(nil)
  private let complaints = Mutex<[String]>([])
  // Safe: allocated for as long as this object, and changed by atomic instructions alone.
  nonisolated(unsafe) private let shared = UnsafeMutablePointer<torture_landing>.allocate(capacity: 1)

  init() { unsafe shared.initialize(to: torture_landing()) }
  deinit { unsafe shared.deallocate() }

  /// - Parameters:
  ///   - outer: freed where `catches` runs in it.
  ///   - inner: the gate of what calls `torture_leave`; its handle lives until `end`.
  func begin(_ runtime: TraceRuntime, frees outer: FunctionHandle, calls inner: UInt) {
    unsafe torture_landing_begin(shared)
    job.withLock { $0 = Job(runtime: runtime, outer: outer, inner: inner) }
  }

  /// What went wrong.
  func end() -> [String] {
    job.withLock { $0 = nil }
    return complaints.withLock { complaints in
      defer { complaints = [] }
      return complaints
    }
  }

  func giveUp() { unsafe torture_landing_give_up(shared) }

  /// What `outer` calls.
  func catches(_ x: Int64) -> Int64 {
    if let job = job.withLock({ $0 }) {
      attempt { () throws(FtraceError) in try job.runtime.free(job.outer) }
      if !(unsafe torture_catch(shared, job.inner, x)) { complain("it was not left") }
    }
    return TortureFunction.hostValue(x)
  }

  /// Stops the workers while somebody lands, and afterwards, and reclaims what is referred to no more.
  func stop() {
    defer { giveUp() }
    unsafe torture_landing_wait(shared)
    guard let runtime = job.withLock({ $0?.runtime }) else { return }
    for _ in 0..<2 { attempt { () throws(FtraceError) in try runtime.reclaim() } }
  }

  private func attempt(_ operation: () throws(FtraceError) -> Void) {
    do throws(FtraceError) { try operation() } catch {
      if case .quiescence(.timedOut) = error { return }
      complain("\(error)")
    }
  }

  private func complain(_ complaint: String) { complaints.withLock { $0.append(complaint) } }
}
