import CFtraceShims
import FtracePlatform
import FtraceQuiescence

/// What a runtime and the handles of its functions share: it lives until the last of them has gone.
final class RuntimeCore: Sendable {
  let requests: RequestQueue
  let daemon: Daemon
  let daemonHasThread: Bool

  var state: Guarded<EngineState> { requests.state }

  init(_ configuration: Configuration) throws(FtraceError) {
    try configuration.check()
    // First: a runtime that a fork would not know of is not made.
    do throws(SystemError) { try AtFork.install() } catch { throw .system(error) }
    KeptRuntimes.sweep()
    let requests = RequestQueue(Guarded(try EngineState(configuration)))
    self.requests = requests
    // A tick that fails (a worker that does not arrive) is repeated with the next period; it is counted.
    daemon = Daemon(
      period: configuration.daemonPeriod, tick: { try? requests.perform(TickRequest()) },
      wake: { try? requests.perform(ServeRetirementsRequest()) })
    let daemon = daemon
    let wantsThread = configuration.daemonClock == .system
    daemonHasThread = wantsThread
    try requests.withState { (state) throws(FtraceError) in
      state.startDaemon = wantsThread ? { [weak daemon] in daemon?.start() } : nil
    }
    AtFork.add(self)
    if configuration.enabled { try setEnabled(true) }
  }

  deinit {
    daemon.stop()
    if state.withLock({ $0.tearDown() }) { KeptRuntimes.keep(state) }
  }

  /// The program has let go of the runtime: tracing ends, and what closures of ops captured goes. Functions go on for their handles.
  ///
  /// Inside a callback, or while a worker is late, ops go with a later stop: of the daemon, which runs on for that, or of a request.
  func close() {
    daemon.stop()
    let ops = state.withLock { $0.desired.ops.map(\.ops) }
    for ops in ops { remove(ops) }
    // What waits for reclamation can hold closures, which can hold handles of this runtime.
    try? requests.perform(ReclaimRequest())
  }

  func withState<Result>(_ body: (EngineState) throws(FtraceError) -> Result) throws(FtraceError) -> Result {
    try requests.withState(body)
  }

  /// A handle went. Never waits.
  func drop(_ handle: DroppedHandle) { requests.drop(handle) }

  // MARK: - What takes a stop

  /// Registers, and starts nothing.
  func register(_ ops: TraceOps) throws(FtraceError) -> RegistrationStatus {
    let request = RegisterRequest(ops)
    try requests.perform(request)
    return request.status
  }

  /// Unregisters, and returns when the callback is unreachable and on no stack.
  func unregister(_ ops: TraceOps) throws(FtraceError) { _ = try unregisterCountingRecursions(ops) }

  /// The same, and returns the number of calls that were not delivered because they came from within the callback.
  func unregisterCountingRecursions(_ ops: TraceOps) throws(FtraceError) -> Int {
    let request = UnregisterRequest(ops)
    try requests.perform(request)
    guard let registered = request.registered else { preconditionFailure("an ops left no place") }
    let slot = try withState { (state) throws(FtraceError) in state.slot.index }
    // Without the engine's lock, for the callback may wait for it.
    parked {
      while ftrace_registry_ops_active(slot, UInt32(registered.number)) { ftrace_sleep(50_000) }
    }
    // Safe: the counter is freed when the thunk is reclaimed, which the next line allows.
    let recursions = unsafe Int(registered.recursions.pointee)
    try withState { (state) throws(FtraceError) in state.finishUnregistering(registered) }
    return recursions
  }

  /// Unregisters an ops for one who is gone: at once if that is possible, else with a later stop.
  func remove(_ ops: TraceOps) {
    do throws(FtraceError) { try unregister(ops) } catch { retire(ops) }
  }

  /// Queues the removal of an ops, and wakes the daemon for it. Never waits.
  func retire(_ ops: TraceOps) {
    requests.retire(ops)
    guard daemonHasThread else { return }
    daemon.start()
    daemon.wake()
  }

  func setFilter(_ filter: TraceFilter, of ops: TraceOps) throws(FtraceError) {
    try requests.perform(SetFilterRequest(filter, ops))
  }

  func setEnabled(_ enabled: Bool) throws(FtraceError) { try requests.perform(SetEnabledRequest(enabled)) }

  /// Frees functions. While bodies without an owner are what keeps some, these are reclaimed and the rest is tried again.
  /// - Returns: for each function what stood in the way, nil where it was freed.
  func free(_ functions: [FunctionEntity], force: Bool) throws(FtraceError) -> [FtraceError?] {
    var errors = [FtraceError?](repeating: nil, count: functions.count)
    var left = Array(functions.indices)
    var isFirst = true
    while true {
      let request = FreeRequest(left.map { functions[$0] }, force: force)
      try requests.perform(request)
      var kept: [Int] = []
      for (index, result) in zip(left, request.results) {
        errors[index] = result.error
        if result.error != nil { kept.append(index) }
      }
      let hasProgressed = isFirst || kept.count < left.count
      guard hasProgressed, request.waitsForReclamation else { return errors }
      (left, isFirst) = (kept, false)
      try requests.perform(ReclaimRequest())
    }
  }

  func free(_ function: FunctionEntity, force: Bool) throws(FtraceError) {
    if let error = try free([function], force: force)[0] { throw error }
  }

  /// Runs `body`, which installs code, under the lock; and reclaims if much waits for it.
  ///
  /// - Parameter body: on an error it has changed nothing. It runs once more if there was no memory, but some could be reclaimed.
  func install<Result>(_ body: (EngineState) throws(FtraceError) -> Result) throws(FtraceError) -> Result {
    let (result, wantsUpkeep): (Result, Bool)
    do throws(FtraceError) {
      (result, wantsUpkeep) = try withState { (state) throws(FtraceError) in (try body(state), state.shouldReclaim) }
    } catch {
      guard case .memory(.outOfMemory) = error, reclaimIfAnythingWaits() else { throw error }
      (result, wantsUpkeep) = (try withState(body), false)
    }
    // Inside a callback, or while a worker is late, it is left to the next one.
    if wantsUpkeep { try? requests.perform(UpkeepRequest()) }
    return result
  }

  /// - Returns: whether a stop was made for what waits.
  private func reclaimIfAnythingWaits() -> Bool {
    guard state.withLock({ $0.hasRetired }) else { return false }
    do throws(FtraceError) { try requests.perform(ReclaimRequest()) } catch { return false }
    return true
  }
}

extension EngineState {
  /// The end of a runtime. If a worker may still be in its code, the memory is kept for good: it is never unmapped under a worker.
  /// - Returns: whether the state must be kept.
  func tearDown() -> Bool {
    // The ops stay with the state: if the runtime was released in use, a site may still lead to one of them.
    unsafe ftrace_recorder_set_enabled(tables.recorder, 0)
    // Where nothing was installed beside the stubs nobody was ever given an address.
    guard highWater > stubBlock.offset + stubBlock.size else { return false }
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
  private static let kept: ShortLocked<[Guarded<EngineState>]> = {
    let kept = ShortLocked<[Guarded<EngineState>]>([])
    AtFork.add(kept.lock)
    return kept
  }()

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
