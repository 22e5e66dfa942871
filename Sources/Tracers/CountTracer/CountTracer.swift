import FtraceEngine
import FtraceQuiescence

/// Counts the calls of the functions that its filter wants, and nothing else: one `inc` a call in memory of the worker's own.
///
/// Counters are kept for places in the code. Code that is replaced while the tracer runs leaves its counts to what comes to lie there.
public final class CountTracer: Tracer {
  public static let name = "count"
  public static let help = "count the calls of each function, and record nothing"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
    var body: CountBody
  }

  private let running = ShortLocked<Running?>(nil)

  public init(options: TracerOptions = TracerOptions()) { AtFork.add(running.lock) }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    running.runtime.remove(running.ops)
  }

  /// Begins to count, from zero.
  /// - Throws: as `TraceRuntime.register`; nothing is counted then. `.alreadyRegistered` if it counts already.
  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let body = CountBody(codeBytes: runtime.codeAddresses.count)
    let ops = TraceOps(name: Self.name, filter: filter, body: body)
    try runtime.register(ops)
    running.withLock { $0 = Running(runtime: runtime, ops: ops, body: body) }
  }

  /// What was counted so far: the functions that were called, most calls first. Calls go on meanwhile.
  /// - Throws: `.notRegistered` if it does not count.
  public func counts() throws(FtraceError) -> CallCounts {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    return Self.counts(current)
  }

  /// Ends counting.
  /// - Throws: as `TraceRuntime.unregister`; counting goes on then. `.notRegistered` if it does not count.
  public func stop() throws(FtraceError) -> CallCounts {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    try current.runtime.unregister(current.ops)
    running.withLock { $0 = nil }
    return Self.counts(current)
  }

  private static func counts(_ current: Running) -> CallCounts {
    let base = current.runtime.codeAddresses.lowerBound
    let functions = current.runtime.sites.filter { $0.kind == .entry }.map { site in
      CallCounts.Function(
        name: site.function, ip: site.ip,
        calls: current.body.count(ofSite: UInt32(truncatingIfNeeded: site.ip - base)))
    }
    return CallCounts(functions: functions, lost: current.body.lost)
  }
}
