import FtraceQuiescence

/// Counters of a runtime.
///
/// Those that count what happened only grow, except the two that describe the last update and `updateTotal`. Those that are filled in when they are
/// asked for say how things stand, and go both ways, except `exhausted` and `recursed`.
public struct EngineStatistics: Sendable, Hashable {
  /// Sites converted from `call mcount` by the last update that converted any.
  public var updateCount = 0
  /// How long its stop held the workers.
  public var updateTime: Duration = .zero
  /// Sites converted altogether (the overflow guard resets it).
  public var updateTotal = 0
  /// Stops of this runtime.
  public var stops = 0
  /// Those that were given up at their deadline.
  public var timeouts = 0
  /// Instructions written in stops: at sites, and at the engine's inner calls.
  public var sitesWritten = 0
  /// Inner calls of `mcount` and `ftrace_caller`, and gates of thunks.
  public var innerCallsWritten = 0
  /// Ticks of the daemon.
  public var ticks = 0
  /// The longest time to stop.
  public var longestTimeToStop: Duration = .zero
  /// The longest time stopped.
  public var longestTimeStopped: Duration = .zero

  // Filled in when they are asked for.

  /// Records in use.
  public var records = 0
  /// How many there may be.
  public var recordCapacity = 0
  /// Sites that were called and wait for conversion.
  public var pending = 0
  /// Calls that found no record.
  public var exhausted = 0
  /// Calls from within the recorder, on the same thread.
  public var recursed = 0
  /// Sites that are not written any more.
  public var quarantined = 0
  /// Ops that are registered.
  public var registeredOps = 0
  /// Functions that can be called.
  public var functions = 0
  /// Bytes of code in use, with those that are kept for the code of ops that leave.
  public var liveCodeBytes = 0
  /// Bytes of code that wait for a stop without a reference to them.
  public var retiredCodeBytes = 0
}
