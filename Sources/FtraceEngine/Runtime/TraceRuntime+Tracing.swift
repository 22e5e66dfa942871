import FtraceQuiescence

/// Registering tracers, and switching tracing on and off.
extension TraceRuntime {
  /// Registers an ops: when this returns, the functions that its filter wants are handed to its callback, newest ops first.
  ///
  /// The first ops patches every site, further ones that want every function patch none. Sites that wait for conversion are
  /// converted in the same stop.
  /// - Returns: `.inactive` while tracing is off; the ops is kept, and called once it is on.
  /// - Throws: `.alreadyRegistered`, `.tooManyOps`, `.tooManySiteClasses`, `.memory`, `.killed`, `.quiescence`; nothing has changed.
  @discardableResult
  public func register(_ ops: TraceOps) throws(FtraceError) -> RegistrationStatus { try core.value.register(ops) }

  /// Unregisters an ops, and returns when its callback is unreachable and on no stack. Its memory follows later.
  ///
  /// A full code memory does not keep it from leaving: some memory is reserved for that, enough unless a dozen compiled tracers are left.
  /// - Throws: `.notRegistered`, `.quiescence`, in that case `.memory`; nothing has changed.
  public func unregister(_ ops: TraceOps) throws(FtraceError) { try core.value.unregister(ops) }

  /// Changes the filter of a registered ops, in one stop.
  ///
  /// A call that is in the tracer at that moment is delivered to the end by the filter of its beginning.
  /// - Throws: `.notRegistered`, `.tooManySiteClasses`, `.memory`, `.killed`, `.quiescence`; nothing has changed.
  public func setFilter(_ filter: TraceFilter, of ops: TraceOps) throws(FtraceError) {
    try core.value.setFilter(filter, of: ops)
  }

  /// Queues the removal of an ops: what a callback can do with its own ops. Returns at once.
  ///
  /// The ops is removed by the next command that takes a stop, or in the daemon's next turn, whichever is first; the daemon's thread
  /// takes one soon. With a manual clock that is the next tick. Where no stop is possible the removal is tried again with each of
  /// these, and `warnings` says so after ten times. Its context must stay valid until `registeredOps` has lost it and its callback
  /// has ended. Nothing happens if it is not registered by then.
  public func retire(_ ops: TraceOps) { core.value.retire(ops) }

  /// Unregisters an ops for one who is gone: at once if a stop is possible, else as `retire`.
  package func remove(_ ops: TraceOps) { core.value.remove(ops) }

  /// Where code lies. Places in it are named by their distance from its start.
  public var codeAddresses: Range<UInt> { read { $0.arena.codeAddresses } }

  /// The registered ops, newest first.
  public var registeredOps: [TraceOps] { read { $0.desired.ops.map(\.ops) } }

  /// Calls that were not delivered to an ops because they came from within its own callback.
  public func recursions(of ops: TraceOps) -> Int {
    read { state in
      guard let registered = state.desired.ops.first(where: { $0.ops === ops }) else { return 0 }
      return unsafe Int(registered.recursions.pointee)
    }
  }

  /// Whether tracing is on.
  public var isEnabled: Bool { read { $0.desired.enabled } }

  /// Switches tracing on or off, for all ops at once; they stay registered. The same value again does nothing.
  public func setEnabled(_ enabled: Bool) throws(FtraceError) {
    try core.value.setEnabled(enabled)
  }

  /// Converts what is pending, now.
  /// - Throws: `.busy` if something is pending and tracing is off, `.killed`.
  public func forceUpdate() throws(FtraceError) {
    try core.value.requests.perform(ForceUpdateRequest())
  }

  /// Ends tracing for good.
  /// - Parameters:
  ///   - restoringSites: makes every site a NOP first. Without it nothing is touched any more: for use when something is badly wrong.
  ///   - reason: what later errors say.
  public func kill(restoringSites: Bool = true, reason: String = "kill() was called") throws(FtraceError) {
    try core.value.requests.perform(KillRequest(restoringSites: restoringSites, reason: reason))
  }

  /// Why tracing was killed, nil if it was not.
  public var killedReason: String? { read { $0.killedReason } }

  /// Moves the daemon's clock, and takes its turns for the periods that have passed, in one stop. For `DaemonClock.manual`.
  /// - Parameter duration: not negative: a clock does not go back.
  public func advanceDaemonClock(by duration: Duration) throws(FtraceError) {
    precondition(duration >= .zero, "the daemon's clock cannot be moved back")
    try core.value.requests.perform(TickRequest(advancingClockBy: duration))
  }

  /// Drops and reclaims what was freed, as far as nothing refers to it.
  public func reclaim() throws(FtraceError) {
    try core.value.requests.perform(ReclaimRequest())
  }

  // MARK: - Looking

  /// The counters of this moment.
  public var statistics: EngineStatistics { read { $0.currentStatistics() } }

  /// What the last stop of this runtime did and cost; nil before the first. Stops that were given up do not count.
  public var lastStop: StopReport? { read { $0.lastStop } }

  /// What the stops of this runtime did and cost so far. `Quiescence.statistics` has those of the whole process.
  ///
  /// Any thread may call this; it waits for a stop of this runtime that is under way, and a worker counts as parked meanwhile.
  public var stopStatistics: StopStatistics { read { $0.stopStatistics } }

  /// Every site of every function, in order of address.
  public var sites: [SiteReport] { read { $0.siteReports() } }

  /// Returns that tracers do not see, because they have no exit site: made with `ret` instead of `FunctionBuilder.functionReturn`. In order of
  /// address.
  public var untracedReturns: [UntracedReturn] {
    read { state in
      state.bodies.values.filter { !$0.isUnlinked }.sorted { $0.block.offset < $1.block.offset }.flatMap { body in
        body.rawReturns.map {
          UntracedReturn(ip: state.executable(body.block.offset) + UInt($0), function: body.name)
        }
      }
    }
  }

  /// Sites that are not written any more, because their bytes were not what their records say.
  public var quarantinedSites: [QuarantinedSite] { read { $0.quarantine.values.sorted { $0.ip < $1.ip } } }

  /// Warnings since the start, oldest first.
  public var warnings: [String] { read { $0.warnings } }

  /// Holds every site against its record.
  /// - Parameter releasing: whether quarantined sites that are sound again are written again.
  public func audit(releasing: Bool = false) -> AuditReport { read { $0.audit(releasing: releasing) } }
}
