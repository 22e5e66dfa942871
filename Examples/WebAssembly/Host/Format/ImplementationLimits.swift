/// Limits beyond which a module is refused, those of the WebAssembly JavaScript interface where it has one.
///
/// They bound what decoding and validation allocate: no count in a module is trusted before it was compared with its
/// limit here and with the bytes that are left.
package enum ImplementationLimits {
  package static let moduleBytes = 1 << 30
  package static let types = 1_000_000
  package static let functions = 1_000_000
  package static let imports = 1_000_000
  package static let exports = 1_000_000
  package static let globals = 1_000_000
  package static let tags = 1_000_000
  package static let tables = 100_000
  package static let memories = 100
  package static let elementSegments = 10_000_000
  package static let dataSegments = 100_000
  package static let functionBytes = 7_654_321
  package static let locals = 50_000
  package static let parameters = 1_000
  package static let results = 1_000
  package static let branchTableEntries = 65_520

  /// Values on one function's operand stack. It keeps a body of calls with a thousand results each from taking gigabytes.
  package static let operands = 1_000_000

  /// Pages of 64 KiB in a memory with 32-bit addresses.
  package static let memoryPages: UInt64 = 65_536
}
