import CFtraceShims
import FtraceEngine
import FtraceQuiescence

/// Remembers the deepest stack at which each worker entered one of the functions that its filter wants: how deep, and whose frames.
///
/// A call that is not the deepest so far costs a comparison. Stacks that are not the thread's own, as those of signal handlers, are left out.
public final class StackTracer: Tracer {
  public static let name = "stack"
  public static let help = "remember the deepest stack of each thread, and the frames on it"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
    var body: StackBody
  }

  private let running = ShortLocked<Running?>(nil)

  public init(options: TracerOptions = TracerOptions()) { AtFork.add(running.lock) }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    running.runtime.remove(running.ops)
  }

  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let body = StackBody()
    let ops = TraceOps(name: Self.name, filter: filter, body: body)
    try runtime.register(ops)
    running.withLock { $0 = Running(runtime: runtime, ops: ops, body: body) }
  }

  public func stop() throws(FtraceError) -> StackTrace {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    try current.runtime.unregister(current.ops)
    running.withLock { $0 = nil }
    let lost = current.body.lost
    return StackTrace(
      stacks: current.body.deepest, lost: lost.memory, elsewhere: lost.elsewhere, counter: ftrace_rdtsc())
  }
}
