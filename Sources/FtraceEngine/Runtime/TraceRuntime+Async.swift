import FtracePlatform
import FtraceX86Assembler

/// The calls that wait, for Swift concurrency: they wait on a thread of their own, and the cooperative pool goes on.
///
/// Those that change something wait for a stop, or for the engine's lock while another's stop is under way. Properties and names take that
/// lock as well, and have no such form: who must not wait for a stop does not ask for them on the pool.
///
/// Beside what the others throw these throw `.system` if the system has no thread to spare: nothing was done then.
extension TraceRuntime {
  /// Waits as the form of the same name does, without a thread of the pool.
  @discardableResult
  public func register(_ ops: TraceOps) async throws(FtraceError) -> RegistrationStatus {
    try await onOwnThread { () throws(FtraceError) in try self.core.value.register(ops) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func unregister(_ ops: TraceOps) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.core.value.unregister(ops) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func setFilter(_ filter: TraceFilter, of ops: TraceOps) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.core.value.setFilter(filter, of: ops)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func setEnabled(_ enabled: Bool) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.core.value.setEnabled(enabled)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func forceUpdate() async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.core.value.requests.perform(ForceUpdateRequest())
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func free(_ function: FunctionHandle, force: Bool = false) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.core.value.free(try self.entity(of: function), force: force)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func reclaim() async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.core.value.requests.perform(ReclaimRequest())
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  @discardableResult
  public func free(_ functions: [FunctionHandle], force: Bool = false) async throws(FtraceError) -> [FtraceError?] {
    try await onOwnThread { () throws(FtraceError) in try self.free(functions, force: force) }
  }

  /// Builds the function on the caller's executor; what waits is its installation.
  public func define(
    _ name: String, signature: Signature? = nil, _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) async throws(FtraceError) -> FunctionHandle {
    let image = try Self.build(name, build)
    return try await define(image, signature: signature)
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func define(_ image: FunctionImage, signature: Signature? = nil) async throws(FtraceError) -> FunctionHandle {
    try await onOwnThread { () throws(FtraceError) in try self.define(image, signature: signature) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func declare(_ name: String, signature: Signature? = nil) async throws(FtraceError) -> FunctionHandle {
    try await onOwnThread { () throws(FtraceError) in try self.declare(name, signature: signature) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func importFunction(
    _ name: String, bytes: [UInt8], sites: [(offset: Int, kind: SiteKind)], signature: Signature? = nil
  ) async throws(FtraceError) -> FunctionHandle {
    try await onOwnThread { () throws(FtraceError) in
      try self.importFunction(name, bytes: bytes, sites: sites, signature: signature)
    }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func function(named name: String) async throws(FtraceError) -> FunctionHandle {
    try await onOwnThread { () throws(FtraceError) in try self.function(named: name) }
  }

  /// Builds the body on the caller's executor; what waits is its installation.
  public func redefine(
    _ function: FunctionHandle, _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) async throws(FtraceError) {
    // The name is that of the moment of installation.
    let image = try Self.build("", build)
    try await onOwnThread { () throws(FtraceError) in try self.setBody(image, of: function) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func rename(_ function: FunctionHandle, to name: String) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.rename(function, to: name) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func kill(restoringSites: Bool = true, reason: String = "kill() was called") async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.kill(restoringSites: restoringSites, reason: reason) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func audit(releasing: Bool = false) async throws(FtraceError) -> AuditReport {
    try await onOwnThread { () throws(FtraceError) in self.audit(releasing: releasing) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  @discardableResult
  public func selfTest() async throws(FtraceError) -> Bool {
    try await onOwnThread { () throws(FtraceError) in try self.selfTest() }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func advanceDaemonClock(by duration: Duration) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.advanceDaemonClock(by: duration) }
  }
}

extension FunctionHandle {
  /// Waits as the form of the same name does, without a thread of the pool.
  public func gate() async throws(FtraceError) -> UInt {
    try await onOwnThread { () throws(FtraceError) in try self.gate() }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func code() async throws(FtraceError) -> (address: UInt, bytes: [UInt8]) {
    try await onOwnThread { () throws(FtraceError) in try self.code() }
  }
}

/// The same, for the engine and what is built upon it: a thread that the system refuses is `.system`.
package func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws(FtraceError) -> Result
) async throws(FtraceError) -> Result {
  try await onOwnThread(else: { .system($0) }, body)
}
