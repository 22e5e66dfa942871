import FtraceEngine
import FtracePlatform
import FtraceTraceBuffer

/// The calls that wait, for Swift concurrency: on a thread of their own, while the cooperative pool goes on. Where the system has no thread
/// to spare they throw `.system`, and nothing was done.
extension Tracer {
  /// Waits as the form of the same name does, without a thread of the pool.
  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.start(in: runtime, filter: filter) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func stop() async throws(FtraceError) -> Report {
    try await onOwnThread { () throws(FtraceError) in try self.stop() }
  }
}

extension EventRecording {
  /// Waits as the form without `async` does, without a thread of the pool.
  public init(
    _ name: String, ends: TraceEnds, parents: Bool = false, options: TracerOptions, in runtime: TraceRuntime,
    filter: TraceFilter
  ) async throws(FtraceError) {
    self = try await onOwnThread { () throws(FtraceError) in
      try EventRecording(name, ends: ends, parents: parents, options: options, in: runtime, filter: filter)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func finish() async throws(FtraceError) -> TraceSnapshot {
    try await onOwnThread { () throws(FtraceError) in try self.finish() }
  }
}

extension TraceRecorder {
  /// Begins a recording as `init` does, without a thread of the pool.
  public static func start(
    in runtime: TraceRuntime, filter: TraceFilter = .all, options: TracerOptions = TracerOptions(),
    tracer: RecordedTracer = .functionGraph, kind: Kind = .stream, to path: String
  ) async throws(TraceRecorderError) -> TraceRecorder {
    try await onOwnThread(else: { .engine(.system($0)) }) { () throws(TraceRecorderError) in
      try TraceRecorder(in: runtime, filter: filter, options: options, tracer: tracer, kind: kind, to: path)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func finish() async throws(TraceRecorderError) -> EventLosses {
    try await onOwnThread(else: { .engine(.system($0)) }) { () throws(TraceRecorderError) in try self.finish() }
  }
}
