import FtraceQuiescence

/// The way to a runtime's state: directly, under its lock, or by a request that waits for its turn.
///
/// Requests are served by whoever gets the lock first, all that wait together, in the order in which they came. The lock is fair, so
/// nobody waits longer than for those who came before.
final class RequestQueue: Sendable {
  let state: Guarded<EngineState>
  private let waiting = ShortLocked<[Request]>([])
  /// Ops whose removal was asked for without waiting.
  private let retiring = ShortLocked<[TraceOps]>([])
  /// Handles that went while the engine's lock was held, perhaps by this very thread: a closure that the engine lets go of can own
  /// handles itself.
  private let dropped = ShortLocked<[DroppedHandle]>([])

  init(_ state: Guarded<EngineState>) { self.state = state }

  /// Requests that nobody has begun to serve.
  var count: Int { waiting.withLock { $0.count } }

  /// Has a request served, by this thread or by another one, and returns when it is.
  /// - Throws: `.quiescence(.insideCallback)` or `.quiescence(.insideSignalHandler)`, and the request is not queued then; or what came
  ///   of the request.
  func perform(_ request: Request) throws(FtraceError) {
    do throws(QuiesceError) { try Quiescence.refuseIfInside() } catch { throw .quiescence(error) }
    // Parked from here on: no stop waits for this thread, and none freezes it while it holds the queue's lock.
    try parked { () throws(FtraceError) in
      waiting.withLock { $0.append(request) }
      try withState { (state) throws(FtraceError) in
        if request.outcome == nil { serve(state) }
        // Whoever takes requests out of the queue serves them before it lets go of the lock.
        guard let outcome = request.outcome else { preconditionFailure("a request was lost") }
        try outcome.get()
      }
    }
  }

  /// Serves what waits.
  private func serve(_ state: EngineState) {
    for ops in retiring.withLock({ exchange(&$0, with: []) }) { state.retiring.append(RetireRequest(ops)) }
    state.serve(waiting.withLock { exchange(&$0, with: []) })
  }

  /// Queues the removal of an ops. Never waits.
  func retire(_ ops: TraceOps) { retiring.withLock { $0.append(ops) } }

  /// Runs `body` under the engine's lock, after what handles that went have left behind. What the engine lets go of meanwhile goes when
  /// the lock is free.
  func withState<Result>(_ body: (EngineState) throws(FtraceError) -> Result) throws(FtraceError) -> Result {
    var garbage: [AnyObject] = []
    defer { withExtendedLifetime(garbage) {} }
    return try state.withLock { (state) throws(FtraceError) in
      defer { swap(&garbage, &state.garbage) }
      settleDropped(state)
      return try body(state)
    }
  }

  /// A handle went. Never waits.
  func drop(_ handle: DroppedHandle) {
    dropped.withLock { $0.append(handle) }
    state.withLockIfFree { settleDropped($0) }
  }

  private func settleDropped(_ state: EngineState) {
    for handle in dropped.withLock({ list in exchange(&list, with: []) }) { state.drop(handle) }
  }

  // MARK: - Across a fork

  /// The engine's lock, and those of the lists.
  var forkLocks: (outer: [FairLock], short: [FairLock]) {
    ([state.lock], [waiting.lock, retiring.lock, dropped.lock])
  }

  /// In the child: those who asked are not there.
  func forgetRequests() { waiting.change { $0 = [] } }
}
