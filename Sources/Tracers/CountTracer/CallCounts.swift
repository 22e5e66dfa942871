import FtraceEngine

/// How often functions were called.
public struct CallCounts: TraceReport {
  /// A function, and how often it was called.
  public struct Function: Sendable, Hashable {
    /// Its name at the time of the report.
    public var name: String
    /// Address of the entry site.
    public var ip: UInt
    public var calls: Int
  }

  /// Those that were called, most calls first.
  public let functions: [Function]
  /// Calls that were not counted, because the system had no memory for counters.
  public let lost: Int

  init(functions: [Function], lost: Int) {
    self.functions = functions.filter { $0.calls > 0 }.sorted {
      ($1.calls, $0.name, $0.ip) < ($0.calls, $1.name, $1.ip)
    }
    self.lost = lost
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var text = "# tracer: \(CountTracer.name)\n#\n#      CALLS  FUNCTION\n"
    for function in functions.prefix(limit ?? .max) {
      let calls = String(function.calls)
      text += String(repeating: " ", count: max(0, 12 - calls.count)) + "\(calls)  \(function.name)\n"
    }
    if let limit, functions.count > limit { text += "# \(functions.count - limit) more\n" }
    if lost > 0 { text += "# \(lost) calls are missing that found no memory for counters: free some\n" }
    try sink(Array(text.utf8))
  }
}
