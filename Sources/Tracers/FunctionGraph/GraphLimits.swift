import FtraceEngine

/// Which calls `function_graph` records, of those that its filter wants. What is said here is compiled into the code at the sites.
///
/// A tracer with limits keeps a stack of the calls that it follows, for each worker. Calls that began before the tracer are not recorded, and
/// of calls that are deeper than the stack has room for (65,536) none is.
public struct GraphLimits: Sendable, Hashable {
  /// Calls that are nested deeper are not recorded: 1 is the outermost alone. Only functions that the filter wants count. Nil: no limit.
  public var maxDepth: Int?
  /// Calls that took less are not recorded. With the clock `coarse` it is rounded up to its units; `ordinal` has no times, and no call takes long.
  ///
  /// A call's entry is written when the first of the calls within it has taken that long, or the call itself: nothing short is ever in the
  /// buffer. So a call that has not ended, and whose calls were short, is not in the trace.
  public var threshold: Duration?
  /// Only calls of functions that match, and what they call, directly or not: the kernel's `set_graph_function`. Depths count from
  /// there. None: all. A function that the tracer's filter does not want is no beginning.
  public var roots: [Glob] = []

  public init(maxDepth: Int? = nil, threshold: Duration? = nil, roots: [Glob] = []) {
    (self.maxDepth, self.threshold, self.roots) = (maxDepth, threshold, roots)
  }

  /// Whether every call is recorded.
  public var isUnlimited: Bool { maxDepth == nil && threshold == nil && roots.isEmpty }
}
