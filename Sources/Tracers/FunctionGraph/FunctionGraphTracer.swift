import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records both ends of each call of the functions that its filter wants: 8 bytes each, by compiled code, and arguments and results if they are
/// asked for.
///
/// Workers append to rings of their own. Memory is bounded by `TracerOptions.bufferBytes`; every event that is not recorded is counted in
/// `GraphTrace.losses`.
public final class FunctionGraphTracer: Tracer {
  public static let name = "function_graph"
  public static let help = "record the entry and the exit of every call: durations, and who called whom"

  private let options: TracerOptions
  private let running = ShortLocked<EventRecording?>(nil)

  public init(options: TracerOptions = TracerOptions()) {
    self.options = options
    AtFork.add(running.lock)
  }

  deinit { running.withLock { $0.take() }?.abandon() }

  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let started = try EventRecording(Self.name, options: options, in: runtime) { buffer, state in
      TraceOps.graph(Self.name, filter, options, into: buffer, unless: state)
    }
    running.withLock { $0 = started }
  }

  public func stop() throws(FtraceError) -> GraphTrace {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    let contents = try current.finish()
    running.withLock { $0 = nil }
    return GraphTrace(contents, current)
  }
}
