import FtraceEngine

/// Why a module was not instantiated.
package enum WasmInstantiationError: Error, CustomStringConvertible {
  /// Imports that nobody provides: all of them.
  case unknownImports([String])
  /// An import that is something else, or of another type.
  case incompatibleImport(String, expected: String)
  /// No room for a memory or a table.
  case noMemory(String)
  case runtime(FtraceError)
  /// A segment that does not fit, or the start function.
  case trap(WasmTrap)

  package var description: String {
    switch self {
    case .unknownImports(let names): "unknown import: \(names.joined(separator: ", ")): provide each, or a stub for it"
    case .incompatibleImport(let name, let expected): "incompatible import type: \(name) must be \(expected)"
    case .noMemory(let what): "no room for \(what): ask for less, or raise the limit"
    case .runtime(let error): "\(error)"
    case .trap(let trap): "\(trap)"
    }
  }
}
