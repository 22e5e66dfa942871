import CFtraceTraceBuffer

extension TraceBuffer {
  /// Values that an append may write beside its event: a block with less room is full before it.
  public static let valuesInAppend = Int(FTRACE_APPEND_VALUES)
}
