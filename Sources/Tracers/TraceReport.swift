import FtraceEngine

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

extension Trace: TraceReport {
  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try TraceText(self, of: runtime).write(limit: limit, to: sink)
  }
}
