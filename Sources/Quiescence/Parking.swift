import CFtraceShims

/// Runs `body` with the calling worker parked: it counts as stopped, with its frames kept, so that stops do not wait for it.
///
/// Wrap whatever can block (system calls, locks, long native work) and is called from emitted code. When `body` ends the call waits
/// until a stop that is under way has ended. On a thread that is not inside emitted code it only calls `body`.
///
/// `body` may call emitted code again; that call runs as any other. Any thread may call this; scopes nest.
/// - Complexity: two stores and a load beyond `body`.
@inlinable
public func parked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  var park = ftrace_park()
  // Safe: `park` lives in this frame until the scope has ended, above everything that `body` pushes, so that the scan of the
  // stack sees the registers that it holds.
  unsafe ftrace_park_capture(&park)
  unsafe ftrace_park_begin(&park)
  defer { unsafe ftrace_park_end(&park) }
  return try body()
}
