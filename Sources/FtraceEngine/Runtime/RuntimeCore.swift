import CFtraceShims
import FtraceQuiescence
import Synchronization

/// What a runtime and the handles of its functions share: it lives until the last of them has gone.
final class RuntimeCore: Sendable {
  let state: Guarded<EngineState>
  let daemon: Daemon
  /// Handles that went while the engine's lock was held, perhaps by this very thread: a closure that the engine lets go of can own
  /// handles itself.
  private let dropped = Mutex<[DroppedHandle]>([])

  init(_ configuration: Configuration) throws(FtraceError) {
    KeptRuntimes.sweep()
    let state = Guarded(try EngineState(configuration))
    self.state = state
    daemon = Daemon(period: configuration.daemonPeriod) {
      // A tick that fails (a worker that does not arrive) is repeated with the next period; it is counted.
      let garbage = state.withLock { state in
        try? state.tick()
        return exchange(&state.garbage, with: [])
      }
      withExtendedLifetime(garbage) {}
    }
    let daemon = daemon
    let wantsThread = configuration.daemonClock == .system
    try state.withLock { (state) throws(FtraceError) in
      state.startDaemon = wantsThread ? { [weak daemon] in daemon?.start() } : nil
      if configuration.enabled { try state.setEnabled(true) }
    }
  }

  deinit {
    daemon.stop()
    if state.withLock({ $0.tearDown() }) { KeptRuntimes.keep(state) }
  }

  /// The program has let go of the runtime: tracing ends, and what closures of ops captured goes. Functions go on for their handles.
  func close() {
    daemon.stop()
    let ops = state.withLock { $0.desired.ops.map(\.ops) }
    for ops in ops { try? unregister(ops) }
    // What waits for reclamation can hold closures, which can hold handles of this runtime.
    try? withState { (state) throws(FtraceError) in try state.reclaimNow() }
  }

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

  /// Registers, and starts nothing.
  func register(_ ops: TraceOps) throws(FtraceError) -> RegistrationStatus {
    try withState { (state) throws(FtraceError) in try state.register(ops) }
  }

  /// Unregisters, and returns when the callback is unreachable and on no stack.
  func unregister(_ ops: TraceOps) throws(FtraceError) { _ = try unregisterCountingRecursions(ops) }

  /// The same, and returns the number of calls that were not delivered because they came from within the callback.
  func unregisterCountingRecursions(_ ops: TraceOps) throws(FtraceError) -> Int {
    let (registered, slot) = try withState { (state) throws(FtraceError) in
      (try state.beginUnregistering(ops), state.slot.index)
    }
    // Without the engine's lock, for the callback may wait for it.
    parked {
      while ftrace_registry_ops_active(slot, UInt32(registered.number)) { ftrace_sleep(50_000) }
    }
    // Safe: the counter is freed when the thunk is reclaimed, which the next line allows.
    let recursions = unsafe Int(registered.recursions.pointee)
    try withState { (state) throws(FtraceError) in state.finishUnregistering(registered) }
    return recursions
  }
}

extension EngineState {
  /// The end of a runtime. If a worker may still be in its code, the memory is kept for good: it is never unmapped under a worker.
  /// - Returns: whether the state must be kept.
  func tearDown() -> Bool {
    // The ops stay with the state: if the runtime was released in use, a site may still lead to one of them.
    unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
    var inUse = true
    // A worker that does not arrive may be in this arena.
    if let refers = try? refersToArena() { inUse = refers }
    return inUse
  }

  fileprivate func refersToArena() throws(QuiesceError) -> Bool {
    let addresses = arena.codeAddresses
    var range = ftrace_code_range(start: UInt64(addresses.lowerBound), end: UInt64(addresses.upperBound))
    var mark: UInt8 = 0
    // Safe: both live in this frame for the time of the stop.
    return try unsafe withUnsafePointer(to: &range) { (range) throws(QuiesceError) in
      try unsafe withUnsafeMutablePointer(to: &mark) { (mark) throws(QuiesceError) in
        var scan = unsafe ftrace_scan(ranges: range, marks: mark, count: 1, words: 0, uncertain: false)
        _ = try unsafe Quiescence.stop(
          scan: &scan, deadline: configuration.stopDeadline, grace: configuration.stopGrace)
        return unsafe mark.pointee != 0 || scan.uncertain
      }
    }
  }
}

/// Runtimes that were released while a worker was in their code, or may have been. Looked at again when a runtime is made.
enum KeptRuntimes {
  private static let kept = Mutex<[Guarded<EngineState>]>([])

  static func keep(_ state: Guarded<EngineState>) { kept.withLock { $0.append(state) } }

  /// Lets go of those that nobody is in any more.
  static func sweep() {
    let candidates = kept.withLock { list in exchange(&list, with: []) }
    let still = candidates.filter { $0.withLock { state in (try? state.refersToArena()) ?? true } }
    kept.withLock { $0 += still }
  }
}

extension TraceRuntime {
  /// Lets go of runtimes that were released in use and are not in use any more; making a runtime does the same.
  package static func sweepReleased() { KeptRuntimes.sweep() }
}

/// What a handle leaves behind when it goes.
// Safe to share: the entities are touched under the engine's lock alone.
enum DroppedHandle: @unchecked Sendable {
  case function(FunctionEntity)
  case host(HostEntity)
}

extension EngineState {
  func drop(_ handle: DroppedHandle) {
    switch handle {
    case .function(let entity):
      entity.handles -= 1
      release(entity)
    case .host(let entity):
      entity.handles -= 1
      release(entity)
    }
  }
}
