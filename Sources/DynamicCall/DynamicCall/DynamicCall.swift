import Ftrace
import FtracePlatform

/// A call of an emitted function whose signature is known only at run time, prepared once for any number of calls.
///
/// ```swift
/// let power = try runtime.dynamicCall("power", [.double, .int32], returning: .double)
/// let result = try power([.double(2), .int32(10)])
/// ```
///
/// Each call goes through the function's gate by libffi's `ffi_call`, so any thread may make it. It stays valid through renaming and
/// redefinition; after the function was freed a call traps with its name.
public struct DynamicCall: Sendable {
  /// The function that is called; kept for as long as this value.
  public let function: FunctionHandle
  /// Types of the arguments.
  public let arguments: [DynamicType]
  /// Type of the result.
  public let result: DynamicType

  // Address of the gate, which lives as long as the handle.
  private let gate: UInt
  private let interface: CallInterface

  /// Prepares calls of a function.
  ///
  /// Types are held against the signature that the function states, if it states one. A function that states none is believed to have
  /// this one; it can take only arguments in registers then, because its gate does not know how many there are on the stack.
  /// - Throws: `.argumentCount`, `.argumentType`, `.resultType`, `.signatureNeeded`, `.refused`; `.engine` if the gate could not be
  ///   made. Nothing has changed.
  public init(
    _ function: FunctionHandle, _ arguments: [DynamicType], returning result: DynamicType
  ) throws(DynamicCallError) {
    try Self.check(function, arguments, result)
    self.function = function
    self.arguments = arguments
    self.result = result
    interface = try CallInterface(function: function.name, arguments: arguments, result: result)
    do throws(FtraceError) { gate = try function.gate() } catch { throw .engine(error) }
  }

  /// Waits as the other form does, on a thread of its own: the cooperative pool goes on.
  /// - Throws: beside what the other throws, `.engine(.system)` if the system has no thread to spare.
  public init(
    _ function: FunctionHandle, _ arguments: [DynamicType], returning result: DynamicType
  ) async throws(DynamicCallError) {
    self = try await onOwnThread(else: { .engine(.system($0)) }) { () throws(DynamicCallError) in
      try DynamicCall(function, arguments, returning: result)
    }
  }

  /// Calls the function.
  /// - Throws: `.argumentCount`, `.argumentType`; the function was not called.
  public func callAsFunction(_ values: [DynamicValue]) throws(DynamicCallError) -> DynamicValue {
    guard values.count == arguments.count else {
      throw .argumentCount(function: function.name, expected: arguments.count, found: values.count)
    }
    for (index, value) in values.enumerated()
    where value.type.valueClass?.passing != arguments[index].valueClass?.passing {
      throw .argumentType(
        function: function.name, index: index, expected: arguments[index].valueClass, found: value.type)
    }
    // The gate is as valid as the handle.
    return withExtendedLifetime(function) { DynamicValue(result, cell: interface.call(gate, values.map(\.cell))) }
  }

  // MARK: - Parts

  private static func check(
    _ function: FunctionHandle, _ arguments: [DynamicType], _ result: DynamicType
  ) throws(DynamicCallError) {
    var classes: [ValueClass] = []
    for (index, type) in arguments.enumerated() {
      guard let valueClass = type.valueClass else {
        let stated = function.signature?.arguments
        let expected = stated.flatMap { index < $0.count ? $0[index] : nil }
        throw .argumentType(function: function.name, index: index, expected: expected, found: type)
      }
      classes.append(valueClass)
    }
    guard let stated = function.signature else {
      guard CallingConvention.sysV.stackBytes(of: classes) == 0 else { throw .signatureNeeded(function: function.name) }
      // One that is only declared has that signature from here on.
      do throws(FtraceError) { try function.expect(Signature(classes, returning: result.valueClass)) } catch {
        throw .engine(error)
      }
      return
    }
    guard classes.count == stated.arguments.count else {
      throw .argumentCount(function: function.name, expected: stated.arguments.count, found: classes.count)
    }
    for index in classes.indices where classes[index].passing != stated.arguments[index].passing {
      throw .argumentType(
        function: function.name, index: index, expected: stated.arguments[index], found: arguments[index])
    }
    guard result.valueClass?.passing == stated.result?.passing else {
      throw .resultType(function: function.name, expected: stated.result, found: result)
    }
  }
}
