import CFtraceShims
import FtraceX86Assembler
import Synchronization

extension TraceRuntime {
  /// Tests that tracing works: that an ops for one function gets no call before that function is called, exactly one when it is, and
  /// none once it is unregistered; and that all code is as the records say.
  ///
  /// Two functions are defined for it and freed again; registered ops see their calls if their filters want them. Takes a few stops.
  /// Any thread may call this, except inside a callback.
  /// - Returns: false if tracing is off: nothing was tested then.
  /// - Throws: `.killed` if it does not work, or if it was killed before: tracing is over then. Errors of defining and of the stops;
  ///   nothing has changed.
  @discardableResult
  public func selfTest() throws(FtraceError) -> Bool {
    if let killedReason { throw .killed(reason: killedReason) }
    guard isEnabled else { return false }
    let target = try defineEmpty("ftrace_selftest_target")
    let other: FunctionHandle
    do throws(FtraceError) { other = try defineEmpty("ftrace_selftest_other") } catch {
      try? free(target)
      throw error
    }
    defer {
      try? free(target)
      try? free(other)
    }
    if let failure = try trace(target, beside: other) {
      let reason = "the self test failed: \(failure)"
      // Where even that fails, nothing is touched any more.
      do throws(FtraceError) { try kill(reason: reason) } catch { try kill(restoringSites: false, reason: reason) }
      throw .killed(reason: reason)
    }
    return true
  }

  /// Defines a function that does nothing and can be traced, under a name of its own: several threads may be testing.
  private func defineEmpty(_ name: String) throws(FtraceError) -> FunctionHandle {
    var number = 1
    while true {
      do throws(FtraceError) {
        return try define(number == 1 ? name : "\(name)#\(number)", signature: Signature()) {
          (f) throws(AssemblerError) in
          f.entrySite()
          f.prologue(stackCheck: false)
          f.functionReturn()
        }
      } catch {
        guard case .nameTaken = error else { throw error }
        number += 1
      }
    }
  }

  /// What went wrong, nil if nothing did.
  private func trace(_ target: FunctionHandle, beside other: FunctionHandle) throws(FtraceError) -> String? {
    typealias Function = @convention(c) () -> Void
    // Safe: gates of functions without arguments, which live as long as the handles.
    let callTarget = unsafe unsafeBitCast(try target.gate(), to: Function.self)
    let callOther = unsafe unsafeBitCast(try other.gate(), to: Function.self)
    let hits = Hits()
    let ops = TraceOps(name: "self test", filter: TraceFilter(functions: [target.name])) { _ in
      hits.count.add(1, ordering: .relaxed)  // read by the thread that makes the calls
    }
    var failure: String?
    func expect(_ found: Int, _ expected: Int, _ when: String) {
      if found != expected, failure == nil { failure = "\(found) calls instead of \(expected) \(when)" }
    }
    try register(ops)
    expect(hits.count.load(ordering: .relaxed), 0, "before the function was called")
    callOther()
    expect(hits.count.load(ordering: .relaxed), 0, "after another function was called")
    callTarget()
    expect(hits.count.load(ordering: .relaxed), 1, "after the function was called")
    // It owns its counter: if the stop is not possible now it goes with a later one.
    do throws(FtraceError) { try unregister(ops) } catch {
      retire(ops)
      throw error
    }
    callTarget()
    expect(hits.count.load(ordering: .relaxed), 1, "after it was unregistered")
    if let damage = audit().damaged.first { failure = failure ?? "\(damage)" }
    return failure
  }
}

/// Calls that the test's callback got.
private final class Hits: Sendable {
  let count = Atomic(0)
}
