import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records both ends of each call of the functions that its filter wants: 8 bytes each, by compiled code.
///
/// Workers append to rings of their own. Memory is bounded by `TracerOptions.bufferBytes`; every event that is not recorded is counted in
/// `GraphTrace.losses`.
public final class FunctionGraphTracer: Tracer {
  public static let name = "function_graph"
  public static let help = "record the entry and the exit of every call: durations, and who called whom"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
    var buffer: TraceBuffer
    var namer: CodeNamer
  }

  private let options: TracerOptions
  private let running = ShortLocked<Running?>(nil)

  public init(options: TracerOptions = TracerOptions()) { self.options = options }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    // What fails leaves the ops in its place, and the engine keeps its body, which keeps the buffer.
    try? running.runtime.unregister(running.ops)
  }

  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let buffer = try TraceBuffer.make(options, tracer: Self.name, for: runtime)
    let namer = CodeNamer(buffer, of: runtime)
    let ops = TraceOps(name: Self.name, filter: filter, body: EventBody(ends: .both, into: buffer))
    try runtime.register(ops)
    running.withLock { $0 = Running(runtime: runtime, ops: ops, buffer: buffer, namer: namer) }
  }

  public func stop() throws(FtraceError) -> GraphTrace {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    try current.runtime.unregister(current.ops)
    running.withLock { $0 = nil }
    current.runtime.remove(current.namer)
    return GraphTrace(current.buffer.snapshot())
  }
}

extension TraceBuffer {
  /// A buffer as the options of a tracer want it.
  static func make(_ options: TracerOptions, tracer: String, for runtime: TraceRuntime) throws(FtraceError)
    -> TraceBuffer
  {
    let configuration = configuration(options, tracer: tracer, for: runtime)
    do throws(TraceBufferError) { return try TraceBuffer(configuration) } catch {
      switch error {
      case .system(_, let error): throw .system(error)
      case .badConfiguration(let text): preconditionFailure(text)
      case .namesFull(let bytes): preconditionFailure("nothing was named in \(bytes) bytes")
      }
    }
  }

  static func configuration(_ options: TracerOptions, tracer: String, for runtime: TraceRuntime) -> Configuration {
    var configuration = Configuration()
    configuration.mode = options.mode
    configuration.clock = options.clock
    configuration.tracer = tracer
    // A worker has one block open, so small buffers have small blocks.
    while configuration.blockBytes > 4096, options.bufferBytes < 16 * configuration.blockBytes {
      configuration.blockBytes /= 2
    }
    configuration.totalBytes = max(2 * configuration.blockBytes, options.bufferBytes)
    let code = runtime.codeAddresses
    configuration.code = UInt64(code.lowerBound)..<UInt64(code.upperBound)
    return configuration
  }
}
