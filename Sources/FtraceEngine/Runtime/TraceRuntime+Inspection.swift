import CFtraceShims
import FtraceQuiescence
import FtraceCodeMemory

/// What the tests of the package look at and interfere with. None of it is part of the interface.
extension TraceRuntime {
  /// Addresses of the runtime's own code.
  package struct StubAddresses: Sendable {
    package var stub, mcount, mcountCall, recordIP, caller, callerCall: UInt
  }

  package var stubAddresses: StubAddresses {
    read { state in
      let stubs = state.stubs
      return StubAddresses(
        stub: state.executable(stubs.stub), mcount: state.executable(stubs.mcount),
        mcountCall: state.executable(stubs.mcountCall), recordIP: state.executable(stubs.recordIP),
        caller: state.executable(stubs.caller), callerCall: state.executable(stubs.callerCall))
    }
  }

  /// Addresses of what workers run while they enter, leave and wait during a stop.
  package var slowStubAddresses: [UInt] {
    read { state in
      [state.stubs.enterSlow, state.stubs.leaveSlow, state.stubs.pollSlow, state.stubs.stackCheckSlow]
        .map(state.executable)
    }
  }

  /// The address of the thunk of a registered ops.
  package func thunk(of ops: TraceOps) -> UInt? {
    read { state in
      state.desired.ops.first { $0.ops === ops }.map { state.executable($0.thunk.offset) }
    }
  }

  /// Runs `body` while nobody else gets the engine's lock.
  package func whileLocked<Result>(_ body: () throws -> Result) rethrows -> Result {
    try core.value.state.withLock { _ in try body() }
  }

  /// Requests that wait for their turn. Does not wait for the engine's lock.
  package var waitingRequests: Int { core.value.requests.count }

  /// Allows fewer classes of functions than there are numbers for.
  package func limitSiteClasses(to limit: Int) { read { $0.classes.limit = limit } }

  /// Numbers of classes that are in use, with or without sites.
  package var siteClassCount: Int { read { $0.classes.count } }

  /// The address of the five bytes in it that become a jump past the callback.
  package func thunkGate(of ops: TraceOps) -> UInt? {
    read { state in
      state.desired.ops.first { $0.ops === ops }.map { state.executable($0.gate) }
    }
  }

  /// The addresses of its code.
  package func thunkCode(of ops: TraceOps) -> Range<UInt>? {
    read { state in
      state.desired.ops.first { $0.ops === ops }.map {
        state.executable($0.thunk.offset)..<state.executable($0.thunk.offset + $0.thunk.size)
      }
    }
  }

  /// Blocks of the engine's own code that wait for others: thunks that trampolines still name.
  package var thunksHeldBack: Int { read { $0.leavingThunks.count } }

  /// Whether something waits for conversion: the trigger of the daemon.
  package var isTriggered: Bool { read { unsafe ftrace_recorder_has_pending($0.tables.recorder) } }

  /// Figures of the code memory.
  package var arenaStatistics: CodeArena.Statistics { read { $0.arena.statistics } }

  /// Replaces five bytes by way of a stop of its own. The records are not told.
  package func modify(
    at address: UInt, from expected: [UInt8], to replacement: [UInt8]
  ) throws(FtraceError) -> ModifyResult {
    try withState { (state) throws(FtraceError) in
      try state.modify(at: address, from: SiteBytes(bytes: expected), to: SiteBytes(bytes: replacement))
    }
  }

  /// Runs `body` under the engine's lock, with a function that does what `modify` does and says what its stop did: nothing but the stop
  /// itself takes a lock.
  package func modifying(
    _ body: (_ modify: (UInt, [UInt8], [UInt8]) throws -> (ModifyResult, StopReport?)) throws -> Void
  ) rethrows {
    try core.value.state.withLock { state in
      try body { address, expected, replacement in
        let result = try state.modify(
          at: address, from: SiteBytes(bytes: expected), to: SiteBytes(bytes: replacement))
        return (result, state.lastStop)
      }
    }
  }

  /// The engine's lock.
  package var engineLock: FairLock { core.value.state.lock }

  /// Overwrites code behind the engine's back. Needs the dual mapping, and nobody may run the bytes meanwhile.
  package func poke(_ bytes: [UInt8], at address: UInt) {
    read { state in
      guard state.arena.activeMapping == .dual, let offset = state.offset(of: address) else {
        preconditionFailure("not writable code of this runtime")
      }
      let target = unsafe state.arena.writableAddress(ofCodeAt: offset)
      // Safe: a dual mapping keeps the alias writable, and the caller answers for the bytes.
      unsafe target.copyMemory(from: bytes, byteCount: bytes.count)
    }
    // Where cores serialise by a stop alone, one that is late leaves them on the old bytes a little longer.
    _ = try? Quiescence.serialiseCores()
  }

  /// The writable alias of an address in the code.
  package func writableAlias(of address: UInt) -> UInt? {
    read { state in
      state.offset(of: address).map { unsafe UInt(bitPattern: state.arena.writableAddress(ofCodeAt: $0)) }
    }
  }

  /// Records a site as a worker does that read the recorder's switch just before it was turned off.
  package func recordLate(ip: UInt) {
    read { state in
      let enabled = unsafe ftrace_recorder_enabled(state.tables.recorder)
      unsafe ftrace_recorder_set_enabled(state.tables.recorder, 1)
      _ = unsafe ftrace_record_ip(state.tables.recorder, UInt64(ip) + 5)
      unsafe ftrace_recorder_set_enabled(state.tables.recorder, enabled)
    }
  }

  /// Sets the count of conversions that the overflow guard looks at.
  package func setUpdateTotal(_ total: Int) { read { $0.statistics.updateTotal = total } }
}

extension SiteBytes {
  /// Five bytes in order of address.
  init(bytes: [UInt8]) {
    precondition(bytes.count == 5, "a site has five bytes")
    self.init(
      low: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << ($1 * 8) },
      high: bytes[4])
  }
}
