/// The calls that wait, for Swift concurrency: they wait on a thread of their own, and the cooperative pool goes on.
extension TraceRuntime {
  @discardableResult
  public func register(_ ops: TraceOps) async throws(FtraceError) -> RegistrationStatus {
    try await onOwnThread { () throws(FtraceError) in try self.core.value.register(ops) }
  }

  public func unregister(_ ops: TraceOps) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in try self.core.value.unregister(ops) }
  }

  public func setFilter(_ filter: TraceFilter, of ops: TraceOps) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.withState { (state) throws(FtraceError) in try state.setFilter(filter, of: ops) }
    }
  }

  public func setEnabled(_ enabled: Bool) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.withState { (state) throws(FtraceError) in try state.setEnabled(enabled) }
    }
  }

  public func forceUpdate() async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.withState { (state) throws(FtraceError) in try state.forceUpdate() }
    }
  }

  public func free(_ function: FunctionHandle, force: Bool = false) async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try function.withEntity { (state, entity) throws(FtraceError) in try state.free(entity, force: force) }
    }
  }

  public func reclaim() async throws(FtraceError) {
    try await onOwnThread { () throws(FtraceError) in
      try self.withState { (state) throws(FtraceError) in try state.reclaimNow() }
    }
  }
}
