extension BytesReader {
  package mutating func valueType() throws(WasmModuleError) -> ValueType {
    let begin = offset
    let byte = try byte()
    if let type = ValueType(rawValue: byte) { return type }
    return try longValueType(byte, at: begin)
  }

  /// A reference type in full (`ref null func`), or a type of a feature that is missing.
  private mutating func longValueType(_ byte: UInt8, at begin: Int) throws(WasmModuleError) -> ValueType {
    switch byte {
    case 0x63: return try heapType()
    case 0x64: throw .unsupported(.functionReferences, "a reference that is never null", at: begin)
    case 0x7B: throw .unsupported(.simd, "the type v128", at: begin)
    case 0x68, 0x75: throw .unsupported(.stackSwitching, "a reference to a continuation", at: begin)
    case 0x6A...0x6E, 0x71...0x74, 0x77, 0x78:
      throw .unsupported(.garbageCollection, "a type of its hierarchy", at: begin)
    default: throw .malformed("malformed value type", at: begin)
    }
  }

  /// The type of nullable references to a heap type.
  package mutating func heapType() throws(WasmModuleError) -> ValueType {
    let begin = offset
    guard let byte = peek else { throw unexpectedEnd }
    if byte < 0x40 || byte >= 0x80 {
      _ = try s33()
      throw .unsupported(.functionReferences, "a reference to a type of the module", at: begin)
    }
    let type = try valueType()
    guard type.isReference, byte != 0x63 else { throw .malformed("malformed heap type", at: begin) }
    return type
  }

  package mutating func referenceType() throws(WasmModuleError) -> ValueType {
    let begin = offset
    let type = try valueType()
    guard type.isReference else { throw .malformed("malformed reference type", at: begin) }
    return type
  }

  package mutating func blockType() throws(WasmModuleError) -> BlockType {
    let begin = offset
    guard let byte = peek else { throw unexpectedEnd }
    if byte == 0x40 {
      try skip(1)
      return .empty
    }
    if byte > 0x40, byte < 0x80 { return .value(try valueType()) }
    let index = try s33()
    guard index >= 0 else { throw .malformed("malformed block type", at: begin) }
    return .function(Int(index))
  }

  package mutating func limits() throws(WasmModuleError) -> Limits {
    let begin = offset
    let flags = try byte()
    switch flags {
    case 0, 1: break
    case 2, 3: throw .unsupported(.threads, "shared limits", at: begin)
    case 4...7: throw .unsupported(.memory64, "64-bit limits", at: begin)
    default: throw .malformed("malformed limits flags", at: begin)
    }
    // What 32-bit memories and tables cannot have is for validation to refuse.
    let minimum = try u64()
    return Limits(minimum: minimum, maximum: flags == 1 ? try u64() : nil)
  }

  package mutating func tableType() throws(WasmModuleError) -> TableType {
    let element = try referenceType()
    return TableType(element: element, limits: try limits())
  }

  package mutating func globalType() throws(WasmModuleError) -> GlobalType {
    let value = try valueType()
    let begin = offset
    switch try byte() {
    case 0: return GlobalType(value: value, isMutable: false)
    case 1: return GlobalType(value: value, isMutable: true)
    case 2, 3: throw .unsupported(.threads, "a shared global", at: begin)
    default: throw .malformed("malformed mutability", at: begin)
    }
  }
}
