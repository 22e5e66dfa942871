import Ftrace
import FtraceEngine
import FtraceTestSupport
import Testing

/// All that a failed operation must leave as it was.
struct Snapshot {
  var functions: [String]
  var sites: [SiteReport]
  var ops: [String]
  var enabled: Bool
  var killed: String?
  var warnings: [String]
  var inner: [DecodedSite]
  var statistics: EngineStatistics

  init(_ runtime: TraceRuntime) throws {
    functions = runtime.functionNames
    sites = runtime.sites
    ops = runtime.registeredOps.map(\.name)
    enabled = runtime.isEnabled
    killed = runtime.killedReason
    warnings = runtime.warnings
    inner = [try runtime.mcountTarget, try runtime.callerTarget]
    statistics = runtime.statistics
    // A stop may have been tried, and may have reclaimed; what the attempt made is reclaimed later.
    statistics.stops = 0
    statistics.timeouts = 0
    statistics.longestTimeToStop = .zero
    statistics.longestTimeStopped = .zero
    statistics.retiredCodeBytes = 0
    statistics.liveCodeBytes = 0
  }
}

/// Expects that `body` fails with an error that fits, and changes nothing.
func expectUnchanged(
  _ runtime: TraceRuntime, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void, fails fits: (FtraceError) -> Bool
) throws {
  let before = try Snapshot(runtime)
  do {
    try body()
    Issue.record("no error: \(comment?.description ?? "")", sourceLocation: sourceLocation)
  } catch let error as FtraceError {
    if !fits(error) { Issue.record("another error: \(error)", sourceLocation: sourceLocation) }
    #expect(!error.description.isEmpty)
  }
  let after = try Snapshot(runtime)
  // One by one, so that a failure says what changed.
  for (one, other) in zip(Mirror(reflecting: before).children, Mirror(reflecting: after).children) {
    #expect("\(one.value)" == "\(other.value)", comment, sourceLocation: sourceLocation)
  }
}
