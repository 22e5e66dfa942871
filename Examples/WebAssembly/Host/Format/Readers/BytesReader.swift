/// Reads a part of a module's bytes and trusts none of them.
@safe package struct BytesReader {
  package let bytes: ModuleBytes

  /// The module's first byte: valid while `bytes` lives, which this value holds.
  let start: UnsafeRawPointer

  /// Where the next byte is read, from the module's first. Never beyond `end`.
  package private(set) var offset: Int

  /// Where this part ends. Never beyond the module's end.
  package let end: Int

  package init(_ bytes: ModuleBytes) {
    self.init(bytes, in: 0..<bytes.count)
  }

  package init(_ bytes: ModuleBytes, in range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range within the module")
    self.bytes = bytes
    unsafe start = bytes.start
    offset = range.lowerBound
    end = range.upperBound
  }

  package var isAtEnd: Bool { offset == end }
  package var remaining: Int { end - offset }

  /// The next byte, which stays; nil at the end.
  package var peek: UInt8? {
    guard offset < end else { return nil }
    // Before `end`, which is within the module.
    return unsafe start.load(fromByteOffset: offset, as: UInt8.self)
  }

  package mutating func byte() throws(WasmModuleError) -> UInt8 {
    guard offset < end else { throw unexpectedEnd }
    // Before `end`, which is within the module.
    let byte = unsafe start.load(fromByteOffset: offset, as: UInt8.self)
    offset += 1
    return byte
  }

  /// Steps over `count` bytes.
  package mutating func skip(_ count: Int) throws(WasmModuleError) {
    guard count >= 0, count <= remaining else { throw unexpectedEnd }
    offset += count
  }

  /// A reader of the next `count` bytes, which are stepped over.
  package mutating func part(_ count: Int) throws(WasmModuleError) -> BytesReader {
    let begin = offset
    guard count >= 0, count <= remaining else { throw .malformed("length out of bounds", at: begin) }
    offset += count
    return BytesReader(bytes, in: begin..<offset)
  }

  /// Bits of a 32-bit floating point number.
  package mutating func f32() throws(WasmModuleError) -> UInt32 {
    guard remaining >= 4 else { throw unexpectedEnd }
    defer { offset += 4 }
    // Four bytes are left.
    return unsafe UInt32(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Bits of a 64-bit floating point number.
  package mutating func f64() throws(WasmModuleError) -> UInt64 {
    guard remaining >= 8 else { throw unexpectedEnd }
    defer { offset += 8 }
    // Eight bytes are left.
    return unsafe UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// A length in bytes, and that much UTF-8.
  package mutating func name() throws(WasmModuleError) -> WasmName {
    let length = Int(try u32())
    let begin = offset
    guard length <= remaining else { throw .malformed("length out of bounds", at: begin) }
    offset += length
    // Within the module by the check above, and copied.
    let text = unsafe String(validating: UnsafeRawBufferPointer(start: start + begin, count: length), as: UTF8.self)
    guard let text else { throw .malformed("malformed UTF-8 encoding", at: begin) }
    return WasmName(text)
  }

  var unexpectedEnd: WasmModuleError {
    .malformed(end == bytes.count ? "unexpected end" : "unexpected end of section or function", at: end)
  }
}
