import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records both ends of each call into a file, while the program runs: what `ftrace record` does, for `TraceFile` to read.
///
/// A thread empties the workers' rings. What it cannot keep up with is lost, and counted in the file.
public final class TraceRecorder: Sendable {
  private let runtime: TraceRuntime
  private let buffer: TraceBuffer
  private let ops: TraceOps
  private let sink: FileSink
  private let namer: CodeNamer

  /// Begins to record the functions that `filter` wants, and those defined later. Their names are in the file before their first events, so a
  /// process that is killed leaves a file that can be read.
  /// - Throws: as `TraceRuntime.register`, or `TraceRecorderError.file`; nothing is traced then.
  public init(
    in runtime: TraceRuntime, filter: TraceFilter = .all, options: TracerOptions = TracerOptions(), to path: String
  ) throws(TraceRecorderError) {
    self.runtime = runtime
    do throws(FtraceError) {
      buffer = try TraceBuffer.make(options, tracer: FunctionGraphTracer.name, for: runtime)
      ops = TraceOps(name: "record", filter: filter, body: EventBody(ends: .both, into: buffer))
    } catch { throw .engine(error) }
    do throws(TraceBufferError) { sink = try FileSink.start(buffer, path: path) } catch { throw .file(error) }
    // What is there is named before it can be traced, and what comes before it can run.
    namer = CodeNamer(buffer, of: runtime)
    do throws(FtraceError) { try runtime.register(ops) } catch {
      try? sink.finish()
      throw .engine(error)
    }
  }

  /// Ends the recording: what is missing of it.
  /// - Throws: as `TraceRuntime.unregister`; recording goes on then. `.file`: something could not be written; what is in the file can be read.
  public func finish() throws(TraceRecorderError) -> EventLosses {
    do throws(FtraceError) { try runtime.unregister(ops) } catch { throw .engine(error) }
    runtime.remove(namer)
    do throws(TraceBufferError) {
      try sink.finish()
    } catch { throw .file(error) }
    var losses = buffer.losses
    losses[.memory].entries += sink.unwritten.entries
    losses[.memory].exits += sink.unwritten.exits
    return losses
  }
}

/// Why something is not recorded.
public enum TraceRecorderError: Error, CustomStringConvertible {
  case engine(FtraceError)
  /// The file, or the memory before it.
  case file(TraceBufferError)

  public var description: String {
    switch self {
    case .engine(let error): "\(error)"
    case .file(let error): "\(error)"
    }
  }
}
