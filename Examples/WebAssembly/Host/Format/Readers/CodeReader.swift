/// Reads code that was validated, and checks nothing.
///
/// For the second walk over a body. It may be used on the code of a module whose function was validated, from the body's
/// first instruction to its last `end`, with the methods that the instructions call for; and while the module's bytes live.
@unsafe package struct CodeReader {
  /// The module's first byte.
  let start: UnsafeRawPointer
  package var pointer: UnsafeRawPointer
  private let opcodes = OpcodeTable.shared

  package init(_ bytes: ModuleBytes, at offset: Int) {
    unsafe start = bytes.start
    unsafe pointer = start + offset
  }

  /// Where the next byte is read, from the module's first.
  package var offset: Int {
    unsafe pointer - start
  }

  @inline(__always)
  package mutating func byte() -> UInt8 {
    // Validated code does not end before its instructions do.
    let byte = unsafe pointer.load(as: UInt8.self)
    unsafe pointer += 1
    return byte
  }

  @inline(__always)
  package mutating func opcode() -> Opcode {
    // Validation refuses bytes that are none.
    unsafe opcodes[byte()].unsafelyUnwrapped
  }

  @inline(__always)
  package mutating func bulkOpcode() -> BulkOpcode {
    // Validation refuses numbers that are none; a number below 256 may still be written in several bytes.
    unsafe BulkOpcode(rawValue: UInt8(truncatingIfNeeded: u32())).unsafelyUnwrapped
  }

  @inline(__always)
  package mutating func u32() -> UInt32 {
    let byte = unsafe byte()
    return unsafe byte < 0x80 ? UInt32(byte) : UInt32(truncatingIfNeeded: number(after: byte, signed: false))
  }

  @inline(__always)
  package mutating func index() -> Int {
    unsafe Int(u32())
  }

  @inline(__always)
  package mutating func s32() -> Int32 {
    unsafe Int32(truncatingIfNeeded: s64())
  }

  @inline(__always)
  package mutating func s64() -> Int64 {
    let byte = unsafe byte()
    if byte < 0x80 { return Int64(Int8(truncatingIfNeeded: byte << 1) >> 1) }
    return unsafe Int64(bitPattern: number(after: byte, signed: true))
  }

  /// Bits of a 32-bit floating point number.
  package mutating func f32() -> UInt32 {
    // Validated code has four bytes here.
    let bits = unsafe pointer.loadUnaligned(as: UInt32.self)
    unsafe pointer += 4
    return UInt32(littleEndian: bits)
  }

  /// Bits of a 64-bit floating point number.
  package mutating func f64() -> UInt64 {
    // Validated code has eight bytes here.
    let bits = unsafe pointer.loadUnaligned(as: UInt64.self)
    unsafe pointer += 8
    return UInt64(littleEndian: bits)
  }

  @inline(never)
  private mutating func number(after first: UInt8, signed: Bool) -> UInt64 {
    var result = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while true {
      let byte = unsafe byte()
      result |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    guard signed, shift < 64 else { return result }
    return UInt64(bitPattern: Int64(bitPattern: result << (64 - shift)) >> Int64(64 - shift))
  }
}
