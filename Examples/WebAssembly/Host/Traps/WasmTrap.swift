import CFtraceWasm

/// A call that ended without results.
package struct WasmTrap: Error, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    case unreachable, memoryOutOfBounds, tableOutOfBounds, undefinedElement, uninitialisedElement
    case signatureMismatch, divisionByZero, integerOverflow, invalidConversion, stackExhausted, nullReference
    case uncaughtException
    /// A host function failed.
    case host

    init(_ code: UInt32) {
      self =
        switch ftrace_wasm_trap(rawValue: code) {
        case FTRACE_WASM_TRAP_UNREACHABLE: .unreachable
        case FTRACE_WASM_TRAP_MEMORY: .memoryOutOfBounds
        case FTRACE_WASM_TRAP_TABLE: .tableOutOfBounds
        case FTRACE_WASM_TRAP_UNDEFINED_ELEMENT: .undefinedElement
        case FTRACE_WASM_TRAP_UNINITIALISED_ELEMENT: .uninitialisedElement
        case FTRACE_WASM_TRAP_SIGNATURE: .signatureMismatch
        case FTRACE_WASM_TRAP_DIVISION_BY_ZERO: .divisionByZero
        case FTRACE_WASM_TRAP_OVERFLOW: .integerOverflow
        case FTRACE_WASM_TRAP_CONVERSION: .invalidConversion
        case FTRACE_WASM_TRAP_STACK: .stackExhausted
        case FTRACE_WASM_TRAP_NULL_REFERENCE: .nullReference
        case FTRACE_WASM_TRAP_EXCEPTION: .uncaughtException
        default: .host
        }
    }
  }

  package let kind: Kind
  /// Names of the functions that were left, the innermost first.
  package let backtrace: [String]
  /// How many more there were.
  package let omitted: Int
  /// What a host function failed with.
  package let underlying: (any Error)?

  /// As the specification's tests word it.
  package var message: String {
    switch kind {
    case .unreachable: "unreachable"
    case .memoryOutOfBounds: "out of bounds memory access"
    case .tableOutOfBounds: "out of bounds table access"
    case .undefinedElement: "undefined element"
    case .uninitialisedElement: "uninitialized element"
    case .signatureMismatch: "indirect call type mismatch"
    case .divisionByZero: "integer divide by zero"
    case .integerOverflow: "integer overflow"
    case .invalidConversion: "invalid conversion to integer"
    case .stackExhausted: "call stack exhausted"
    case .nullReference: "null reference"
    case .uncaughtException: "uncaught exception"
    case .host: underlying.map { "\($0)" } ?? "a host function failed"
    }
  }

  package var description: String {
    let frames = backtrace.map { "\n  at \($0)" }.joined()
    return "trap: \(message)\(frames)" + (omitted > 0 ? "\n  and \(omitted) more" : "")
  }
}
