import FtraceEngine
import FtraceQuiescence

/// What the tracer `callback` calls.
@safe public enum TraceCallback: Sendable {
  /// A Swift closure, which may capture.
  case closure(@Sendable (borrowing TracedCall) -> Void)
  /// A C function, and what it is handed; it must stay valid until the tracer has stopped.
  // Safe to share: the callback's author answers for what it does with the context.
  case function(TraceOps.Callback, context: Context)

  /// A pointer that nobody but the function looks at.
  @safe public struct Context: @unchecked Sendable {
    // Unchecked: see `function`.
    let pointer: UnsafeMutableRawPointer?
    public init(_ pointer: UnsafeMutableRawPointer?) { unsafe self.pointer = pointer }
  }
}

/// Calls a function of the program at each call of the functions that its filter wants: for whoever embeds ftrace. What to call is in
/// `TracerOptions.callback`.
///
/// What the callback calls is not handed to it again, and counted. What it may do is said at `TraceOps.Callback`.
public final class CallbackTracer: Tracer {
  public static let name = "callback"
  public static let help = "call a function of the program at every call: for programs that embed ftrace"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
  }

  private let options: TracerOptions
  private let running = ShortLocked<Running?>(nil)

  public init(options: TracerOptions) {
    self.options = options
    AtFork.add(running.lock)
  }

  /// A tracer that calls a closure.
  public convenience init(ends: TraceEnds = .entry, _ body: @escaping @Sendable (borrowing TracedCall) -> Void) {
    var options = TracerOptions()
    options.callback = .closure(body)
    options.callbackEnds = ends
    self.init(options: options)
  }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    running.runtime.remove(running.ops)
  }

  /// - Throws: as `TraceRuntime.register`; `.noCallback` if the options have none.
  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let ops: TraceOps
    switch options.callback {
    case .closure(let body): ops = TraceOps(name: Self.name, filter: filter, ends: options.callbackEnds, body)
    case .function(let callback, let context):
      // Safe: see `TraceCallback.function`.
      ops = unsafe TraceOps(
        name: Self.name, filter: filter, ends: options.callbackEnds, context: context.pointer, callback: callback)
    case nil: throw .noCallback(Self.name)
    }
    try runtime.register(ops)
    running.withLock { $0 = Running(runtime: runtime, ops: ops) }
  }

  /// Ends it; the callback is on no stack when this returns.
  public func stop() throws(FtraceError) -> CallbackReport {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    let recursions = try current.runtime.unregisterCountingRecursions(current.ops)
    running.withLock { $0 = nil }
    return CallbackReport(recursions: recursions)
  }
}

/// What remains of a tracer whose findings are its callback's.
public struct CallbackReport: TraceReport {
  /// Calls that were not handed to the callback, because they came from within it.
  public let recursions: Int

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var text = "# tracer: \(CallbackTracer.name)\n"
    if recursions > 0 { text += "# \(recursions) calls came from within the callback, and were not handed to it\n" }
    try sink(Array(text.utf8))
  }
}
