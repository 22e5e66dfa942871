extension WasmFeature {
  /// The feature whose instructions begin with `byte`; nil if no proposal that is finished gave it a meaning, or if the
  /// host runs it.
  init?(needing byte: UInt8) {
    switch byte {
    case 0x14, 0x15, 0xD4, 0xD5, 0xD6: self = .functionReferences
    case 0xD3, 0xFB: self = .garbageCollection
    case 0xE0...0xE5: self = .stackSwitching
    case 0xFD: self = .simd
    case 0xFE: self = .threads
    default: return nil
    }
  }
}
