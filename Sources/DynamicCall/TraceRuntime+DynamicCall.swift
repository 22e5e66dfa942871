import Ftrace
import FtracePlatform

extension TraceRuntime {
  /// Prepares calls of a function by its name.
  /// - Throws: as `DynamicCall.init`; `.engine(.unknownFunction)` with the nearest names.
  public func dynamicCall(
    _ name: String, _ arguments: [DynamicType], returning result: DynamicType
  ) throws(DynamicCallError) -> DynamicCall {
    try DynamicCall(dynamicTarget(name), arguments, returning: result)
  }

  /// Waits as the form of the same name does, on a thread of its own: the cooperative pool goes on.
  /// - Throws: beside that, `.engine(.system)` if the system has no thread to spare.
  public func dynamicCall(
    _ name: String, _ arguments: [DynamicType], returning result: DynamicType
  ) async throws(DynamicCallError) -> DynamicCall {
    try await onOwnThread(else: { .engine(.system($0)) }) { () throws(DynamicCallError) in
      try self.dynamicCall(name, arguments, returning: result)
    }
  }

  /// Calls a function by its name, once: `try runtime.call("power", [.double(2), .int32(10)], returning: .double)`.
  ///
  /// The types of the arguments are those of the values. For many calls, prepare one with `dynamicCall`.
  /// - Throws: as `dynamicCall`; the function was not called.
  public func call(
    _ name: String, _ values: [DynamicValue] = [], returning result: DynamicType = .void
  ) throws(DynamicCallError) -> DynamicValue {
    try DynamicCall(dynamicTarget(name), values.map(\.type), returning: result)(values)
  }

  private func dynamicTarget(_ name: String) throws(DynamicCallError) -> FunctionHandle {
    do throws(FtraceError) { return try function(named: name) } catch { throw .engine(error) }
  }
}
