import CFtraceShims
import FtraceX86Assembler

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
    let target = try define("ftrace_selftest_target", signature: Signature()) { f throws(AssemblerError) in
      f.emptyBody()
    }
    let other: FunctionHandle
    do throws(FtraceError) {
      other = try define("ftrace_selftest_other", signature: Signature()) { f throws(AssemblerError) in f.emptyBody() }
    } catch {
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

  /// What went wrong, nil if nothing did.
  private func trace(_ target: FunctionHandle, beside other: FunctionHandle) throws(FtraceError) -> String? {
    typealias Function = @convention(c) () -> Void
    // Safe: gates of functions without arguments, which live as long as the handles.
    let callTarget = unsafe unsafeBitCast(try target.gate(), to: Function.self)
    let callOther = unsafe unsafeBitCast(try other.gate(), to: Function.self)
    let hits = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    unsafe hits.initialize(to: 0)
    // Safe: unregistering has returned by then, or tracing was never on the way to the callback.
    defer { unsafe hits.deallocate() }
    let ops = unsafe TraceOps(name: "self test", filter: TraceFilter(functions: [target.name]), context: hits) {
      _, _, context, _ in
      // Safe: the counter above; other threads do not know the functions.
      unsafe context?.assumingMemoryBound(to: Int.self).pointee += 1
    }
    var failure: String?
    func expect(_ found: Int, _ expected: Int, _ when: String) {
      if found != expected, failure == nil { failure = "\(found) calls instead of \(expected) \(when)" }
    }
    try register(ops)
    expect(unsafe hits.pointee, 0, "before the function was called")
    callOther()
    expect(unsafe hits.pointee, 0, "after another function was called")
    callTarget()
    expect(unsafe hits.pointee, 1, "after the function was called")
    try unregister(ops)
    callTarget()
    expect(unsafe hits.pointee, 1, "after it was unregistered")
    if let damage = audit().damaged.first { failure = failure ?? "\(damage)" }
    return failure
  }
}

extension FunctionBuilder {
  /// A function that does nothing and can be traced.
  fileprivate func emptyBody() {
    entrySite()
    prologue(stackCheck: false)
    functionReturn()
  }
}
