import FtraceEngine
import FtraceQuiescence

/// Traces nothing: every site stays a NOP.
public final class NopTracer: Tracer {
  public static let name = "nop"
  public static let help = "trace nothing; every site stays a NOP"

  private let isStarted = ShortLocked(false)

  public init(options: TracerOptions = TracerOptions()) { AtFork.add(isStarted.lock) }

  public func start(in runtime: TraceRuntime, filter: TraceFilter) throws(FtraceError) {
    isStarted.withLock { $0 = true }
  }

  public func stop() throws(FtraceError) -> Trace {
    let wasStarted = isStarted.withLock { started in
      defer { started = false }
      return started
    }
    guard wasStarted else { throw .notRegistered(Self.name) }
    return Trace(tracer: Self.name)
  }
}
