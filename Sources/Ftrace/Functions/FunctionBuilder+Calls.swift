/// Calls between functions of a runtime, through the callee's slot, so that redefining and freeing reach them.
extension FunctionBuilder {
  /// Calls a function, as fast as a direct call.
  public func call(_ function: FunctionHandle) { call(slot: function.symbol) }

  /// Calls a function.
  public func call<Result, each Argument>(_ function: EmittedFunction<Result, repeat each Argument>) {
    call(slot: function.symbol)
  }

  /// Calls a Swift closure.
  public func call(_ host: HostHandle) { call(slot: host.symbol) }

  /// Calls the function that is being built, by its own slot: after a redefinition the new body runs.
  public func callSelf() { call(slot: .ownSlot) }
}
