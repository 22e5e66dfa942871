import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Records calls into a file, one end or both, while the program runs: what `ftrace record` does, for `TraceFile` to read.
///
/// The names of functions are in the file before their first events, so that a process that is killed leaves a file that can be read.
public final class TraceRecorder: Sendable {
  /// How the file is written.
  public enum Kind: Sendable, Hashable {
    /// A thread empties the workers' rings into it: all events, but those that the thread cannot keep up with, which are counted.
    case stream
    /// It is the workers' memory, a ring of `TracerOptions.bufferBytes`: the last events, up to the instant at which the process is killed. On
    /// tmpfs (`/dev/shm`): on a disk the traced threads stall in page faults. What becomes of events that find no room, `TracerOptions.mode` says.
    case ring
  }

  private let runtime: TraceRuntime
  private let path: String
  private let buffer: TraceBuffer
  private let ops: TraceOps
  private let sink: FileSink?
  private let namer: CodeNamer
  private let triggers: TriggerSet?

  /// Begins to record the functions that `filter` wants, and those defined later.
  /// - Parameters:
  ///   - runtime: whose functions.
  ///   - filter: which of them.
  ///   - options: without triggers that take snapshots, which would take events out of the recording.
  ///   - tracer: whose events.
  ///   - kind: how the file is written.
  ///   - path: of the file, which is made anew.
  /// - Throws: as `TraceRuntime.register`, or `TraceRecorderError.file`; nothing is traced then.
  public init(
    in runtime: TraceRuntime, filter: TraceFilter = .all, options: TracerOptions = TracerOptions(),
    tracer: RecordedTracer = .functionGraph, kind: Kind = .stream, to path: String
  ) throws(TraceRecorderError) {
    precondition(
      !options.triggers.contains { $0.action == .snapshot }, "a recording has no snapshots: use a tracer for them")
    (self.runtime, self.path) = (runtime, path)
    var configuration = TraceBuffer.configuration(options, tracer: tracer.rawValue, for: runtime)
    if kind == .ring { configuration.backing = .file(path) }
    do throws(TraceBufferError) {
      buffer = try TraceBuffer(configuration)
      sink = kind == .ring ? nil : try FileSink.start(buffer, path: path)
    } catch { throw .file(error) }
    triggers = TriggerSet(options, of: buffer)
    ops = tracer.ops("record", filter, options, into: buffer, unless: triggers?.state)
    // What is there is named before it can be traced, and what comes before it can run.
    namer = CodeNamer(buffer, of: runtime)
    do throws(FtraceError) {
      try runtime.register(ops)
      do throws(FtraceError) { try triggers?.begin(in: runtime) } catch {
        runtime.retire(ops)
        throw error
      }
    } catch {
      try? sink?.finish()
      throw .engine(error)
    }
  }

  /// How often triggers should have acted and could not.
  public var missedTriggers: Int { triggers?.missed ?? 0 }

  /// Ends the recording: what is missing of it.
  /// - Throws: as `TraceRuntime.unregister`; recording goes on then. `.incomplete`: something could not be written; what is in the file can be read.
  public func finish() throws(TraceRecorderError) -> EventLosses {
    do throws(FtraceError) { try runtime.unregister(ops) } catch { throw .engine(error) }
    triggers?.end()
    namer.finish()
    var failure = namer.trouble?.error
    do throws(TraceBufferError) {
      try sink?.finish()
      if sink == nil { try buffer.calibrate() }
    } catch { failure = error }
    if failure == nil { failure = buffer.spaceError.map { .system(path: path, $0) } }
    var losses = buffer.losses
    losses[.memory].entries += sink?.unwritten.entries ?? 0
    losses[.memory].exits += sink?.unwritten.exits ?? 0
    if let failure { throw .incomplete(failure, lost: losses) }
    return losses
  }
}

/// Why something is not recorded.
public enum TraceRecorderError: Error, CustomStringConvertible {
  case engine(FtraceError)
  /// The file, or the memory before it: there is no recording.
  case file(TraceBufferError)
  /// Something could not be written, and these events are missing of the recording.
  case incomplete(TraceBufferError, lost: EventLosses)

  public var description: String {
    switch self {
    case .engine(let error): "\(error)"
    case .file(let error): "\(error)"
    case .incomplete(let error, let lost):
      "\(error); \(lost.entries) entries and \(lost.exits) exits are not in the file"
    }
  }
}
