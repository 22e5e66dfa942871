import CFtraceShims

/// Every system call of the package, in one place: typed errors, and faults that a test scripts (``withFaults(_:_:)``).
///
/// The functions are thin: no state, no allocation (unless a script is installed), callable on any thread. Those marked
/// *interruptible* repeat the call after `EINTR`, so that a caller never sees it.
package enum System {
  /// Bytes of a page. The architecture fixes it on x86-64.
  package static var pageSize: Int { 4096 }

  /// Rounds up to whole pages.
  package static func roundedToPages(_ bytes: Int) -> Int { (bytes + pageSize - 1) & ~(pageSize - 1) }

  /// Makes a call, or what the thread's fault script puts in its place.
  ///
  /// Outside a test this is one load of a thread-local pointer beside the call.
  @inline(__always)
  static func perform(
    _ call: SystemCall, _ arguments: SIMD8<Int> = .zero, _ body: () -> Int
  ) throws(SystemError) -> Int {
    // The pointer is only compared here, and only a script's own thread ever sees it set.
    let result = unsafe ftrace_fault_script() == nil ? body() : FaultScript.perform(call, arguments, body)
    guard result < 0 && result > -4096 else { return result }
    throw SystemError(call, errno: Int32(-result))
  }

  /// `perform` for calls that a signal may interrupt before they did anything.
  @inline(__always)
  static func performInterruptible(
    _ call: SystemCall, _ arguments: SIMD8<Int> = .zero, _ body: () -> Int
  ) throws(SystemError) -> Int {
    while true {
      do { return try perform(call, arguments, body) } catch { if error.errno != EINTR { throw error } }
    }
  }

  /// The arguments of a call as a script's conditions and a test's record see them.
  @inline(__always)
  static func arguments(_ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0) -> SIMD8<
    Int
  > {
    SIMD8(a, b, c, d, e, f, 0, 0)
  }
}
