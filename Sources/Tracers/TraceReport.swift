import FtraceEngine
import FtraceTraceBuffer

/// What a tracer found out, as a value: it keeps what it needs, and does not change.
public protocol TraceReport: Sendable {
  /// Writes it as text. Lines that begin with `#` are no events.
  /// - Parameters:
  ///   - runtime: the runtime that was traced, for the names of functions.
  ///   - limit: lines to write, without headers; the number of those left out follows them. Nil: all.
  ///   - sink: is handed pieces of the text, which need not end with a line.
  func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure)
}

/// A report that can be read from a file, without the runtime that it is of.
public protocol RecordedTrace: TraceReport {
  /// Reads what a recorder wrote.
  init(_ contents: TraceSnapshot)

  /// Times of its events.
  var calibration: Calibration { get }

  /// Sums over it: entries, exits, what is lost and what is open.
  var sums: [(name: String, value: Int)] { get }

  /// Writes it with the names that came with it.
  func write<Failure: Error>(limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure)
}

extension TraceReport {
  /// Writes what triggers add to a report, before it.
  func write<Failure: Error>(
    _ snapshot: Self?, _ missedTriggers: Int, of runtime: TraceRuntime, limit: Int?,
    to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    if missedTriggers > 0 { try sink(Array("# triggers could not act \(missedTriggers) times\n".utf8)) }
    guard let snapshot else { return }
    try sink(Array("# what was recorded up to the last snapshot:\n".utf8))
    try snapshot.write(of: runtime, limit: limit, to: sink)
    try sink(Array("# and since then:\n".utf8))
  }
}

/// What can be recorded into a file.
public enum RecordedTracer: String, Sendable, CaseIterable {
  case function
  case functionGraph = "function_graph"

  /// What reads the recording of a tracer; of one that this version does not know the events are shown as a graph.
  public static func report(of contents: TraceSnapshot) -> any RecordedTrace {
    Self(rawValue: contents.tracer) == .function ? Trace(contents) : GraphTrace(contents)
  }

  /// What records into a buffer, as the options say.
  func ops(
    _ name: String, _ filter: TraceFilter, _ options: TracerOptions, into buffer: TraceBuffer,
    unless state: TriggerState?
  ) -> TraceOps {
    switch self {
    case .function:
      TraceOps(
        name: name, filter: filter,
        body: EventBody(ends: .entry, parents: true, values: options.values, into: buffer, unless: state))
    case .functionGraph: .graph(name, filter, options, into: buffer, unless: state)
    }
  }
}
