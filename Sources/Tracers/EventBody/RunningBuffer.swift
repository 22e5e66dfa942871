import FtraceEngine
import FtraceTraceBuffer

/// A tracer of events at work: its ops, and the buffer that the ops writes to.
struct RunningBuffer: Sendable {
  let runtime: TraceRuntime
  let ops: TraceOps
  let buffer: TraceBuffer

  /// Begins to trace.
  /// - Throws: as `TraceRuntime.register`, and `.system` if there is no memory for events; nothing is traced then.
  init(
    _ tracer: RecordedTracer, _ options: TracerOptions, in runtime: TraceRuntime, filter: TraceFilter
  ) throws(FtraceError) {
    self.runtime = runtime
    buffer = try TraceBuffer.make(options, tracer: tracer.rawValue, for: runtime)
    ops = TraceOps(name: tracer.rawValue, filter: filter, body: tracer.body(values: options.values, into: buffer))
    try runtime.register(ops)
  }

  /// Ends it for a tracer that goes. What fails leaves the ops in its place, and the engine keeps its body, which keeps the buffer.
  func abandon() { try? runtime.unregister(ops) }
}
