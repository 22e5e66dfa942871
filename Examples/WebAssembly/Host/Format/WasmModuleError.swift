/// Why a module was refused, and where in its bytes.
package struct WasmModuleError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    /// The bytes are not a module: the binary format was not kept.
    case malformed
    /// The bytes are a module, but validation forbids what it says.
    case invalid
    /// The module needs a feature, or exceeds a limit, that this host does not have. The payload names it.
    case unsupported(String)
  }

  package let kind: Kind

  /// Offset of the byte that the complaint is about, from the module's first byte.
  package let offset: Int

  /// What is wrong, as the specification words it where it has words for it.
  package let message: String

  package init(_ kind: Kind, at offset: Int, _ message: String) {
    self.kind = kind
    self.offset = offset
    self.message = message
  }

  package var description: String {
    switch kind {
    case .malformed: "malformed module: \(message), at offset \(offset)"
    case .invalid: "invalid module: \(message), at offset \(offset)"
    case .unsupported(let feature):
      "the module needs \(feature), which this host does not have: \(message), at offset \(offset)"
    }
  }
}

// Errors are made out of line, so that the paths which do not fail stay small.
extension WasmModuleError {
  @inline(never)
  static func malformed(_ message: String, at offset: Int) -> WasmModuleError {
    WasmModuleError(.malformed, at: offset, message)
  }

  @inline(never)
  static func invalid(_ message: String, at offset: Int) -> WasmModuleError {
    WasmModuleError(.invalid, at: offset, message)
  }

  @inline(never)
  static func unsupported(_ feature: WasmFeature, _ what: String, at offset: Int) -> WasmModuleError {
    WasmModuleError(.unsupported(feature.rawValue), at: offset, what)
  }

  /// A limit of this host, which the specification leaves open.
  @inline(never)
  static func beyondLimit(_ limit: Int, of what: String, at offset: Int) -> WasmModuleError {
    WasmModuleError(.unsupported("more than \(limit) \(what)"), at: offset, "implementation limit")
  }
}
