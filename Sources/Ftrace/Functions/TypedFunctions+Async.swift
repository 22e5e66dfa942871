/// The calls that wait, for Swift concurrency: on a thread of their own, while the cooperative pool goes on. Where the system has no thread
/// to spare they throw `.system`, and nothing was done.
extension TraceRuntime {
  /// Builds the function on the caller's executor; what waits is its installation.
  public func define<Result: EmittedValue, each Argument: EmittedValue>(
    _ name: String, as type: ((repeat each Argument) -> Result).Type,
    _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) async throws(FtraceError) -> EmittedFunction<Result, repeat each Argument> {
    let signature = EmittedFunction<Result, repeat each Argument>.signature(returning: Result.valueClass)
    // The adaptor first: if there is no memory for it, nothing is defined.
    let adaptor = try await onOwnThread { () throws(FtraceError) in try self.adaptor(for: signature) }
    return EmittedFunction(try await define(name, signature: signature, build), adaptor: adaptor)
  }

  /// The same for a function that returns nothing.
  public func define<each Argument: EmittedValue>(
    _ name: String, as type: ((repeat each Argument) -> Void).Type,
    _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) async throws(FtraceError) -> EmittedFunction<Void, repeat each Argument> {
    let signature = EmittedFunction<Void, repeat each Argument>.signature(returning: nil)
    // The adaptor first: if there is no memory for it, nothing is defined.
    let adaptor = try await onOwnThread { () throws(FtraceError) in try self.adaptor(for: signature) }
    return EmittedFunction(try await define(name, signature: signature, build), adaptor: adaptor)
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func typed<Result: EmittedValue, each Argument: EmittedValue>(
    _ handle: FunctionHandle, as type: ((repeat each Argument) -> Result).Type
  ) async throws(FtraceError) -> EmittedFunction<Result, repeat each Argument> {
    try await onOwnThread { () throws(FtraceError) in try self.typed(handle, as: type) }
  }

  /// The same for a function that returns nothing.
  public func typed<each Argument: EmittedValue>(
    _ handle: FunctionHandle, as type: ((repeat each Argument) -> Void).Type
  ) async throws(FtraceError) -> EmittedFunction<Void, repeat each Argument> {
    try await onOwnThread { () throws(FtraceError) in try self.typed(handle, as: type) }
  }

  /// Waits as the form of the same name does, without a thread of the pool.
  public func hostFunction<Result: EmittedValue, each Argument: EmittedValue>(
    _ name: String, _ body: @escaping @Sendable (repeat each Argument) -> Result
  ) async throws(FtraceError) -> HostHandle {
    try await onOwnThread { () throws(FtraceError) in try self.hostFunction(name, body) }
  }

  /// The same for a closure that returns nothing.
  public func hostFunction<each Argument: EmittedValue>(
    _ name: String, _ body: @escaping @Sendable (repeat each Argument) -> Void
  ) async throws(FtraceError) -> HostHandle {
    try await onOwnThread { () throws(FtraceError) in try self.hostFunction(name, body) }
  }
}
