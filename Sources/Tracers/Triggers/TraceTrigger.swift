import FtraceEngine

/// What happens when certain functions are entered: the kernel's `FUNCTION:ACTION:COUNT` in `set_ftrace_filter`. What decides is compiled into the sites of
/// these functions alone.
///
/// At the site of a function that is recorded as well, the trigger comes first: its entry is recorded after `traceon`, and not after `traceoff`.
public struct TraceTrigger: Sendable, Hashable {
  public enum Action: String, Sendable, Hashable, CaseIterable {
    /// The tracer records from here on.
    case traceOn = "traceon"
    /// It records nothing from here on, on any thread. `function_graph` with limits still records the exits of calls whose entries it has recorded.
    case traceOff = "traceoff"
    /// What was recorded up to now is taken out of the buffer, and the tracer goes on: the last one is the report's `snapshot`. A thread of the
    /// tracer's takes it, as soon as it runs: what is recorded until then is in it.
    case snapshot
    /// The frames of the thread are written: the function that was entered, and those that it was called from.
    case stackTrace = "stacktrace"
  }

  /// The functions, also those that the tracer's own filter does not want.
  public var functions: [Glob]
  public var action: Action
  /// How often it acts, over all threads; nil: each time. Switching to what is already so does not count.
  public var count: Int?

  public init(_ functions: [Glob], _ action: Action, count: Int? = nil) {
    (self.functions, self.action, self.count) = (functions, action, count)
  }
}
