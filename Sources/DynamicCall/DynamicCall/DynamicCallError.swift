import Ftrace

/// Why a function was not called.
public enum DynamicCallError: Error, Sendable {
  /// It takes another number of arguments.
  case argumentCount(function: String, expected: Int, found: Int)
  /// An argument is of another class than the function, or the prepared call, says; `expected` is nil where no argument fits.
  case argumentType(function: String, index: Int, expected: ValueClass?, found: DynamicType)
  /// The result is of another class than the function says; `expected` is nil if it returns nothing.
  case resultType(function: String, expected: ValueClass?, found: DynamicType)
  /// The function states no signature, and not all arguments fit into registers.
  case signatureNeeded(function: String)
  /// libffi's `ffi_prep_cif` refused the signature, with this `ffi_status`.
  case refused(function: String, status: Int32)
  /// The function was not found, or its gate could not be made.
  case engine(FtraceError)
}

extension DynamicCallError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .argumentCount(let function, let expected, let found):
      "'\(function)' takes \(expected) arguments, not \(found)"
    case .argumentType(let function, let index, let expected, let found):
      "argument \(index) of '\(function)' cannot be of type \(found)"
        + (expected.map { ": pass one of class \($0)" } ?? "")
    case .resultType(let function, let expected, let found):
      "'\(function)' returns \(expected.map { "a value of class \($0)" } ?? "nothing"), not \(found)"
    case .signatureNeeded(let function):
      "'\(function)' states no signature, and not all arguments fit into registers: define it with its signature"
    case .refused(let function, let status):
      "libffi cannot call '\(function)' (ffi_status \(status)): use fewer arguments"
    case .engine(let error): error.description
    }
  }
}
