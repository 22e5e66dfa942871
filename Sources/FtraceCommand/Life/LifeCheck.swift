import Synchronization

/// What the demonstration claims, held against what happened.
enum LifeCheck {
  private static let failures = Mutex<[String]>([])

  static func expect(_ condition: Bool, _ claim: @autoclosure () -> String) {
    guard !condition else { return }
    let claim = claim()
    failures.withLock { $0.append(claim) }
    Terminal.complain("not so: \(claim)")
  }

  /// Throws if a claim did not hold.
  static func report() throws(CommandFailure) {
    guard failures.withLock({ $0.isEmpty }) else { throw CommandFailure(.checkFailed, "") }
  }
}
