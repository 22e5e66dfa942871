extension FunctionValidator {
  /// Reads the immediate of a load or store of `1 << alignment` bytes.
  @inline(__always)
  private mutating func memoryArgument(_ alignment: UInt32) throws(WasmModuleError) {
    let flags = try reader.u32()
    guard flags <= alignment, context.memoryCount > 0 else { return try unusualMemoryArgument(flags, alignment) }
    try offset()
  }

  @inline(never)
  private mutating func unusualMemoryArgument(_ flags: UInt32, _ alignment: UInt32) throws(WasmModuleError) {
    guard flags < 0x80 else { throw .malformed("malformed memop flags", at: place) }
    let memory = flags & 0x40 == 0 ? 0 : Int(try reader.u32())
    try offset()
    guard memory < context.memoryCount else { throw .invalid("unknown memory \(memory)", at: place) }
    guard flags & 0x3F <= alignment else {
      throw .invalid("alignment must not be larger than natural", at: place)
    }
  }

  @inline(__always)
  private mutating func offset() throws(WasmModuleError) {
    if let byte = reader.peek, byte < 0x80 { return try reader.skip(1) }
    guard try reader.u64() <= UInt32.max else { throw .invalid("offset out of range", at: place) }
  }

  mutating func load(_ type: ValueType, _ alignment: UInt32) throws(WasmModuleError) {
    try memoryArgument(alignment)
    try pop(.i32)
    try push(type)
  }

  mutating func store(_ type: ValueType, _ alignment: UInt32) throws(WasmModuleError) {
    try memoryArgument(alignment)
    try pop(type)
    try pop(.i32)
  }

  /// Reads a memory's index.
  mutating func memory() throws(WasmModuleError) {
    let index = Int(try reader.u32())
    guard index < context.memoryCount else { throw .invalid("unknown memory \(index)", at: place) }
  }
}
