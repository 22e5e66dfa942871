import FtraceEngine

/// The deepest stacks that were seen, by thread.
public struct StackTrace: TraceReport {
  /// A function on a stack.
  public struct Frame: Sendable, Hashable {
    /// Within the function.
    public var address: UInt
    /// Bytes from the beginning of the stack to the end of this frame.
    public var depth: Int
    /// Bytes of this frame. That of the innermost function is what its call takes: it had only begun.
    public var size: Int
  }

  /// The deepest stack of one thread.
  public struct Stack: Sendable, Hashable {
    /// The kernel's name and id of the thread.
    public var name: String
    public var threadID: Int
    /// Innermost first: the traced function, emitted ones, and those of the program as far as their frames are linked by `rbp`.
    public var frames: [Frame]
    /// Whether there were more frames than are kept.
    public var isCut: Bool

    /// Bytes in use when it was deepest.
    public var depth: Int { frames.first?.depth ?? 0 }
  }

  /// The deepest first.
  public let stacks: [Stack]
  /// Calls that were not looked at: there was no memory for what is known of their thread.
  public let lost: Int
  /// Calls on stacks that are not their thread's own, and that were left out.
  public let elsewhere: Int
  /// When the tracer was stopped: names are those of that time.
  let counter: UInt64

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var symbols = RuntimeSymbols(runtime, clock: .tsc)
    var text = "# tracer: \(StackTracer.name)\n#\n"
    var left = limit ?? .max
    for stack in stacks {
      // The kernel's files stack_max_size and stack_trace.
      text += "# \(stack.name)-\(stack.threadID): stack_max_size \(stack.depth)\n"
      text += "#        Depth    Size   Location    (\(stack.frames.count)\(stack.isCut ? " of more" : "") entries)\n"
      text += "#        -----    ----   --------\n"
      for (number, frame) in stack.frames.enumerated() where left > 0 {
        left -= 1
        let name = symbols.symbol(at: frame.address - 1, time: counter, epoch: .max).name
        text += "\(column(number, 3))) \(column(frame.depth, 8))   \(column(frame.size, 5))   \(name)\n"
      }
    }
    let count = stacks.reduce(0) { $0 + $1.frames.count }
    if let limit, count > limit { text += "# \(count - limit) more\n" }
    if lost > 0 { text += "# \(lost) calls are missing that found no memory: free some\n" }
    if elsewhere > 0 { text += "# \(elsewhere) calls were on stacks that are not their thread's own\n" }
    try sink(Array(text.utf8))
  }

  private func column(_ number: Int, _ width: Int) -> String {
    let text = "\(number)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
