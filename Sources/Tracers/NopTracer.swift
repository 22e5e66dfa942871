import FtraceEngine
import FtraceQuiescence

/// Traces nothing: every site stays a NOP.
public final class NopTracer: Tracer {
  public static let name = "nop"
  public static let help = "trace nothing; every site stays a NOP"

  private let start = ShortLocked<TraceClock.Sample?>(nil)

  public init(options: TracerOptions = TracerOptions()) { AtFork.add(start.lock) }

  public func start(in runtime: TraceRuntime, filter: TraceFilter) throws(FtraceError) {
    start.withLock { $0 = TraceClock.sample() }
  }

  public func stop() throws(FtraceError) -> Trace {
    guard let start = start.withLock({ $0.take() }) else { throw .notRegistered(Self.name) }
    return Trace(tracer: Self.name, clock: TraceClock(from: start, to: TraceClock.sample()), buffer: nil, recursions: 0)
  }
}
