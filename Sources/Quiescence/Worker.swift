import CFtraceShims

/// A thread that is registered to run emitted code.
///
/// Threads are registered by the first gate that they pass, so a worker is needed only to give the thread a name, to hold it inside
/// for many calls, or to poll by hand. It belongs to its thread: it cannot be copied or sent.
public struct Worker: ~Copyable {
  fileprivate init() {}

  /// Holds the worker inside while `body` runs: gates within are the cheap nested kind, and raw entries may be called.
  ///
  /// Stops wait until `body` ends, polls, or parks. `body` is synchronous: no `await` fits between entering and leaving.
  public borrowing func inside<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    ftrace_enter()
    defer { ftrace_leave() }
    return try body()
  }

  /// Lets a stop that waits for this worker proceed, and waits until it has ended. For loops in Swift within `inside`.
  public borrowing func poll() {
    if ftrace_thread_depth() != 0 { Quiescence.poll() }
  }

  /// Runs `body` parked; see the function of the same name.
  public borrowing func parked<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try FtraceQuiescence.parked(body)
  }
}

@available(*, unavailable, message: "a worker is its thread")
extension Worker: Sendable {}

/// Registers the calling thread for the time of `body`, under a name that errors and traces show.
///
/// - Parameters:
///   - name: at most 15 bytes are kept, as for threads of the kernel. The thread's own name if it is nil.
///   - body: runs on the calling thread, with the worker.
/// - Throws: `.attachRefused`, `.unknownSetting`; `body` was not called.
public func withWorker<Result>(
  named name: String? = nil, _ body: (borrowing Worker) -> Result
) throws(QuiesceError) -> Result {
  let registration = try Registration(named: name)
  defer { registration.end() }
  return body(Worker())
}

/// The same for a body that can fail.
/// - Throws: a ``QuiesceError`` before `body` is called; otherwise what `body` throws.
public func withWorker<Result>(
  named name: String? = nil, _ body: (borrowing Worker) throws -> Result
) throws -> Result {
  let registration = try Registration(named: name)
  defer { registration.end() }
  return try body(Worker())
}

/// That a thread is registered for the time of a scope.
private struct Registration {
  /// Whether it was not registered before: then its gates do not hold on to it.
  private let isNew: Bool
  /// The name that it had before, if the scope gives it one.
  private let formerName: String?

  init(named name: String?) throws(QuiesceError) {
    // Attaching reads which signal and which fences were chosen: a worker may be there before the first runtime.
    Quiescence.prepare()
    try Quiescence.checkSettings()
    isNew = unsafe !ftrace_thread_attached(ftrace_thread_self())
    let error = ftrace_thread_attach()
    guard error == 0 else { throw QuiesceError.attachRefused(errno: error) }
    guard let name else {
      formerName = nil
      return
    }
    // Safe: this thread alone changes its name.
    formerName = isNew ? nil : unsafe String(cString: ftrace_thread_name(ftrace_thread_self()))
    Self.setName(name)
  }

  func end() {
    if let formerName { Self.setName(formerName) }
    if isNew, ftrace_thread_depth() == 0 { ftrace_thread_detach() }
  }

  private static func setName(_ name: String) {
    // Parked: a stopper may hold the registry's lock and wait for this thread. Safe: the bytes are copied.
    parked { unsafe ftrace_thread_set_name(name) }
  }
}
