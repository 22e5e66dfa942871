/// A part of WebAssembly that a module may need and this host refuses by name.
package enum WasmFeature: String, Hashable, Sendable {
  case simd = "SIMD"
  case threads = "threads"
  case garbageCollection = "garbage collection"
  case functionReferences = "typed function references"
  case memory64 = "64-bit memories and tables"
  case multipleMemories = "multiple memories"
  case wideArithmetic = "wide arithmetic"
  case stackSwitching = "stack switching"
  case components = "the component model"
}
