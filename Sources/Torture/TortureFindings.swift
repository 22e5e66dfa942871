/// Where the stops that divided the books found the workers: how well a torture has looked at the rare places.
public struct TortureFindings: Sendable, Equatable {
  /// Stopped by signal.
  public var interrupted = 0
  /// In a tracer's callback that had not counted the call.
  public var uncounted = 0
  /// In a tracer's callback that had counted it.
  public var counted = 0
  /// Behind a site whose body had not counted.
  public var beforeCounter = 0
  /// At the site of a body that was out of use, which they passed untraced.
  public var late = 0

  mutating func add(_ observation: Settlement.Observation, isInterrupted: Bool) {
    if isInterrupted { interrupted += 1 }
    late += observation.untraced.count
    switch observation.place {
    case .elsewhere: break
    case .callback(_, _, counted: false): uncounted += 1
    case .callback(_, _, counted: true): counted += 1
    case .beforeCounter: beforeCounter += 1
    }
  }
}

extension TortureFindings: CustomStringConvertible {
  public var description: String {
    "workers found interrupted \(interrupted), in a callback \(uncounted) + \(counted), before their counter "
      + "\(beforeCounter), late \(late)"
  }
}
