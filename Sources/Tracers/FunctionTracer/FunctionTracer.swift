import CFtraceShims
import FtraceEngine
import FtraceQuiescence

/// Records each call of the functions that its filter wants: function, caller, time, thread, processor.
///
/// Each thread appends to chunks of its own, 24 bytes a call. Memory is bounded by `TracerOptions.bufferBytes`; every call that is
/// not recorded is counted in `Trace.losses`. Several may trace one runtime.
public final class FunctionTracer: Tracer {
  public static let name = "function"
  public static let help = "record every call: function and caller, time, thread, processor"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
    var buffer: EventBuffer
    var start: TraceClock.Sample
  }

  private let options: TracerOptions
  private let running = ShortLocked<Running?>(nil)

  public init(options: TracerOptions = TracerOptions()) {
    self.options = options
    AtFork.add(running.lock)
  }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    do throws(FtraceError) { try running.runtime.unregister(running.ops) } catch {
      // The callback is still reachable, so what it writes to is kept for good.
      _ = unsafe Unmanaged.passRetained(running.buffer)
    }
  }

  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let buffer = EventBuffer(bytes: options.bufferBytes)
    // Safe: the buffer is kept until the ops is unregistered.
    let ops = unsafe TraceOps(
      name: Self.name, filter: filter, context: UnsafeMutableRawPointer(buffer.shared)
    ) { ip, parentIP, context, _ in
      guard let context = unsafe context else { return }
      unsafe EventBuffer.append(
        ip: ip, parentIP: parentIP, to: context.assumingMemoryBound(to: EventBuffer.Shared.self))
    }
    let start = TraceClock.sample()
    try runtime.register(ops)
    running.withLock { $0 = Running(runtime: runtime, ops: ops, buffer: buffer, start: start) }
  }

  public func stop() throws(FtraceError) -> Trace {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    let recursions = try current.runtime.unregisterCountingRecursions(current.ops)
    running.withLock { $0 = nil }
    let clock = TraceClock(from: current.start, to: TraceClock.sample())
    return Trace(tracer: Self.name, clock: clock, buffer: current.buffer, recursions: recursions)
  }
}
