/// Which functions an ops wants: those that a glob to trace or an exact name selects, without those that a glob not to trace matches.
///
/// A filter that selects nothing in particular wants every function. It applies to functions that are emitted later as well.
public struct TraceFilter: Hashable, Sendable {
  /// Globs to trace.
  public var trace: [Glob]
  /// Globs not to trace; they win.
  public var notrace: [Glob]
  /// Exact names to trace.
  public var functions: Set<String>

  /// A filter of its three parts; without any it wants every function.
  public init(trace: [Glob] = [], notrace: [Glob] = [], functions: Set<String> = []) {
    self.trace = trace
    self.notrace = notrace
    self.functions = functions
  }

  /// Every function.
  public static let all = TraceFilter()

  /// Whether the filter wants every function, so that the ops can share `ftrace_caller`.
  public var isUnfiltered: Bool { trace.isEmpty && notrace.isEmpty && functions.isEmpty }

  /// Whether a function of that name is wanted.
  public func matches(_ name: String) -> Bool {
    if notrace.contains(where: { $0.matches(name) }) { return false }
    if trace.isEmpty && functions.isEmpty { return true }
    return functions.contains(name) || trace.contains { $0.matches(name) }
  }
}
