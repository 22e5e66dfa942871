import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records calls into a file, one end or both, while the program runs: what `ftrace record` does, for `TraceFile` to read.
///
/// A thread empties the workers' rings. What it cannot keep up with is lost, and counted in the file.
public final class TraceRecorder: Sendable {
  private let runtime: TraceRuntime
  private let buffer: TraceBuffer
  private let ops: TraceOps
  private let sink: FileSink

  /// Begins to record the functions that `filter` wants, and those defined later.
  /// - Throws: as `TraceRuntime.register`, or `TraceRecorderError.file`; nothing is traced then.
  public init(
    in runtime: TraceRuntime, filter: TraceFilter = .all, options: TracerOptions = TracerOptions(),
    tracer: RecordedTracer = .functionGraph, to path: String
  ) throws(TraceRecorderError) {
    self.runtime = runtime
    do throws(FtraceError) {
      buffer = try TraceBuffer.make(options, tracer: tracer.rawValue, for: runtime)
      ops = tracer.ops("record", filter, options, into: buffer)
    } catch { throw .engine(error) }
    do throws(TraceBufferError) { sink = try FileSink.start(buffer, path: path) } catch { throw .file(error) }
    do throws(FtraceError) { try runtime.register(ops) } catch {
      try? sink.finish()
      throw .engine(error)
    }
  }

  /// Ends the recording, with the names of the functions that there are now, and what is missing.
  /// - Throws: as `TraceRuntime.unregister`; recording goes on then. `.file`: something could not be written; what is in the file can be read.
  public func finish() throws(TraceRecorderError) -> EventLosses {
    do throws(FtraceError) { try runtime.unregister(ops) } catch { throw .engine(error) }
    do throws(TraceBufferError) {
      try buffer.add(runtime.recordedNames)
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
