/// Reads the body of a function that was validated, from its first instruction to its last `end`.
@safe struct BodyReader {
  // Safe: the module's code was validated, the module is kept by whoever compiles, and methods are called as the instructions say.
  private var reader: CodeReader

  init(_ bytes: ModuleBytes, at offset: Int) { unsafe reader = CodeReader(bytes, at: offset) }

  var offset: Int { unsafe reader.offset }

  /// The next byte; padding makes it, and the one behind it, readable at the end.
  var next: UInt8 {
    @inline(__always) get { unsafe reader.pointer.load(as: UInt8.self) }
  }
  var second: UInt8 {
    @inline(__always) get { unsafe reader.pointer.load(fromByteOffset: 1, as: UInt8.self) }
  }

  @inline(__always) mutating func opcode() -> Opcode { unsafe reader.opcode() }
  @inline(__always) mutating func bulkOpcode() -> BulkOpcode { unsafe reader.bulkOpcode() }
  @inline(__always) mutating func byte() -> UInt8 { unsafe reader.byte() }
  @inline(__always) mutating func index() -> Int { unsafe reader.index() }
  @inline(__always) mutating func s32() -> Int32 { unsafe reader.s32() }
  @inline(__always) mutating func s64() -> Int64 { unsafe reader.s64() }
  @inline(__always) mutating func f32() -> UInt32 { unsafe reader.f32() }
  @inline(__always) mutating func f64() -> UInt64 { unsafe reader.f64() }
  mutating func blockType() -> BlockType { unsafe reader.blockType() }
  mutating func valueType() -> ValueType { unsafe reader.valueType() }
  mutating func memoryArgument() -> MemoryArgument { unsafe reader.memoryArgument() }
  mutating func catchClause() -> CatchClause { unsafe reader.catchClause() }
  mutating func skipIndices(_ count: Int) { for _ in 0..<count { _ = index() } }
  mutating func skipImmediates(of opcode: Opcode) { unsafe reader.skipImmediates(of: opcode) }
}
