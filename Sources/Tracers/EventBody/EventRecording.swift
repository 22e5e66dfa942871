import FtraceEngine
import FtraceTraceBuffer

/// Events that are being recorded: compiled bodies at the sites of functions, and the buffer that they write to. What tracers of events are made of.
public struct EventRecording: Sendable {
  /// What is traced.
  public let runtime: TraceRuntime
  /// Where the events go.
  public let buffer: TraceBuffer
  private let ops: TraceOps
  private let namer: CodeNamer
  private let triggers: TriggerSet?

  /// Begins to record the functions that `filter` wants, and those defined later.
  /// - Parameters:
  ///   - name: of the tracer.
  ///   - ends: of functions that are recorded.
  ///   - parents: whether entries bear the caller and the processor.
  ///   - options: size, mode and clock of the buffer, and whether values are recorded.
  ///   - runtime: whose functions.
  ///   - filter: which of them.
  /// - Throws: as `TraceRuntime.register`, and `.system` if there is no memory for events; nothing is recorded then.
  public init(
    _ name: String, ends: TraceEnds, parents: Bool = false, options: TracerOptions, in runtime: TraceRuntime,
    filter: TraceFilter
  ) throws(FtraceError) {
    try self.init(name, options: options, in: runtime) { buffer, state in
      let body = EventBody(ends: ends, parents: parents, values: options.values, into: buffer, unless: state)
      return TraceOps(name: name, filter: filter, body: body)
    }
  }

  /// Begins to record what an ops of the caller's writes into the buffer.
  init(
    _ name: String, options: TracerOptions, in runtime: TraceRuntime, _ ops: (TraceBuffer, TriggerState?) -> TraceOps
  ) throws(FtraceError) {
    self.runtime = runtime
    buffer = try TraceBuffer.make(options, tracer: name, for: runtime)
    namer = CodeNamer(buffer, of: runtime)
    triggers = TriggerSet(options, of: buffer)
    self.ops = ops(buffer, triggers?.state)
    try runtime.register(self.ops)
    do throws(FtraceError) { try triggers?.begin(in: runtime) } catch {
      runtime.retire(self.ops)
      throw error
    }
  }

  /// Ends it. When it returns no more is written.
  /// - Throws: as `TraceRuntime.unregister`; recording goes on then.
  public func finish() throws(FtraceError) -> TraceSnapshot {
    try runtime.unregister(ops)
    triggers?.end()
    namer.finish()
    let contents = buffer.snapshot()
    return triggers?.rest(contents) ?? contents
  }

  /// What the last `snapshot` trigger took; after `finish()`.
  public var triggered: TraceSnapshot? { triggers?.snapshot }

  /// How often triggers should have acted and could not: for want of room for a stack, or from a signal handler in the middle of an append.
  public var missedTriggers: Int { triggers?.missed ?? 0 }

  /// Ends it for a tracer that goes. Where no stop is possible the ops goes later; the engine keeps its body, which keeps the buffer.
  public func abandon() {
    runtime.remove(ops)
    triggers?.end()
  }
}
