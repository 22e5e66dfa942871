import FtraceTraceBuffer

extension LossCause {
  /// Why, and what can be done about it: of events that have been mentioned.
  var explanation: String {
    switch self {
    case .nested: "a signal handler made them while its thread recorded another"
    case .full, .budget: "they did not fit into the buffer: raise its size"
    case .overwritten: "newer ones took their place: raise the buffer's size"
    case .memory: "there was no memory for them: free some, or lower the buffer's size"
    case .workers: "there were more threads than the buffer tells apart"
    }
  }

  /// The same behind "calls that".
  var relativeClause: String {
    switch self {
    case .nested: "a signal handler made while its thread recorded another"
    case .full, .budget: "did not fit into the buffer: raise its size"
    case .overwritten: "newer ones took the place of: raise the buffer's size"
    case .memory: "found no memory: free some, or lower the buffer's size"
    case .workers: "came on more threads than the buffer tells apart"
    }
  }
}
