extension CodeReader {
  package mutating func valueType() -> ValueType {
    var byte = unsafe byte()
    // `ref null func` is the long form of `funcref`; validated code has no other long form.
    if byte == 0x63 { byte = unsafe self.byte() }
    return unsafe ValueType(rawValue: byte).unsafelyUnwrapped
  }

  package mutating func blockType() -> BlockType {
    let byte = unsafe pointer.load(as: UInt8.self)
    if byte == 0x40 {
      unsafe pointer += 1
      return .empty
    }
    if byte > 0x40, byte < 0x80 { return unsafe .value(valueType()) }
    return unsafe .function(Int(s64()))
  }

  package mutating func memoryArgument() -> MemoryArgument {
    let flags = unsafe u32()
    let memory = unsafe flags & 0x40 == 0 ? 0 : index()
    return unsafe MemoryArgument(
      memory: memory, alignment: UInt8(truncatingIfNeeded: flags & 0x3F), offset: u32())
  }

  package mutating func catchClause() -> CatchClause {
    let kind = unsafe CatchKind(rawValue: byte()).unsafelyUnwrapped
    let tag = unsafe kind.hasTag ? index() : nil
    return unsafe CatchClause(kind: kind, tag: tag, label: index())
  }

  /// Steps over what follows `opcode`: code that cannot be reached is not compiled.
  package mutating func skipImmediates(of opcode: Opcode) {
    switch opcode.immediates {
    case .none: break
    case .blockType: _ = unsafe blockType()
    case .index, .i32, .i64: unsafe skipNumber()
    case .labels:
      // The default label stands behind the vector.
      for _ in 0...(unsafe index()) { unsafe skipNumber() }
    case .typeAndTable:
      unsafe skipNumber()
      unsafe skipNumber()
    case .valueTypes:
      for _ in 0..<(unsafe index()) { _ = unsafe valueType() }
    case .tryTable:
      _ = unsafe blockType()
      for _ in 0..<(unsafe index()) { _ = unsafe catchClause() }
    case .memoryArgument: _ = unsafe memoryArgument()
    case .f32: unsafe pointer += 4
    case .f64: unsafe pointer += 8
    case .referenceType: _ = unsafe valueType()
    case .bulk:
      for _ in 0..<(unsafe bulkOpcode().indices) { unsafe skipNumber() }
    }
  }

  @inline(__always)
  private mutating func skipNumber() {
    while unsafe byte() >= 0x80 {}
  }
}
