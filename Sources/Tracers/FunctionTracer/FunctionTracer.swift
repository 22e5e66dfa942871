import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records each call of the functions that its filter wants: function, caller, time, thread, processor; 16 bytes each, by compiled code, and the
/// arguments if they are asked for.
///
/// Workers append to rings of their own. Memory is bounded by `TracerOptions.bufferBytes`; every call that is not recorded is counted in
/// `Trace.losses`. Several may trace one runtime.
public final class FunctionTracer: Tracer {
  public static let name = "function"
  public static let help = "record every call: function and caller, time, thread, processor"

  private let options: TracerOptions
  private let running = ShortLocked<EventRecording?>(nil)

  public init(options: TracerOptions = TracerOptions()) {
    self.options = options
    AtFork.add(running.lock)
  }

  deinit { running.withLock { $0.take() }?.abandon() }

  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let started = try EventRecording(
      Self.name, ends: .entry, parents: true, options: options, in: runtime, filter: filter)
    running.withLock { $0 = started }
  }

  public func stop() throws(FtraceError) -> Trace {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    let contents = try current.finish()
    running.withLock { $0 = nil }
    return Trace(contents, current)
  }
}
