/// Features beyond WebAssembly 2.0 that decoder and validator know, but that whoever runs the module may not.
package struct WasmFeatures: OptionSet, Hashable, Sendable {
  package let rawValue: Int

  package init(rawValue: Int) {
    self.rawValue = rawValue
  }

  /// Modules with more than one memory. Each memory instruction says which it means.
  package static let multipleMemories = WasmFeatures(rawValue: 1)

  /// What is on unless something else is asked for.
  package static let standard: WasmFeatures = []
}
