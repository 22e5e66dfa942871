// Numbers may be longer than needed, but not longer than their type needs at most, and unused bits of the last byte repeat
// the sign (Core specification, 5.2.2).
extension BytesReader {
  @inline(__always)
  package mutating func u32() throws(WasmModuleError) -> UInt32 {
    if let byte = peek, byte < 0x80 {
      try skip(1)
      return UInt32(byte)
    }
    return UInt32(truncatingIfNeeded: try longNumber(bits: 32, signed: false))
  }

  package mutating func u64() throws(WasmModuleError) -> UInt64 {
    try longNumber(bits: 64, signed: false)
  }

  @inline(__always)
  package mutating func s32() throws(WasmModuleError) -> Int32 {
    if let byte = peek, byte < 0x80 {
      try skip(1)
      return Int32(Int8(truncatingIfNeeded: byte << 1) >> 1)
    }
    return Int32(truncatingIfNeeded: try longNumber(bits: 32, signed: true))
  }

  /// A block type: a negative number is a value type, any other a type's index.
  package mutating func s33() throws(WasmModuleError) -> Int64 {
    Int64(bitPattern: try longNumber(bits: 33, signed: true))
  }

  package mutating func s64() throws(WasmModuleError) -> Int64 {
    Int64(bitPattern: try longNumber(bits: 64, signed: true))
  }

  /// How many things follow, each of which takes `size` bytes at least: no more than there can be, nor than `limit`.
  package mutating func count(
    atMost limit: Int, of what: String, bytesEach size: Int = 1
  ) throws(WasmModuleError) -> Int {
    let begin = offset
    let count = Int(try u32())
    guard count <= remaining / size else { throw .malformed("unexpected end of section or function", at: begin) }
    guard count <= limit else { throw .beyondLimit(limit, of: what, at: begin) }
    return count
  }

  @inline(never)
  private mutating func longNumber(bits: Int, signed: Bool) throws(WasmModuleError) -> UInt64 {
    let begin = offset
    var result: UInt64 = 0
    var shift = 0
    while true {
      let byte = try byte()
      let payload = byte & 0x7F
      result |= UInt64(payload) << UInt64(shift)
      let left = bits - shift
      if left <= 7 {
        guard byte < 0x80 else { throw .malformed("integer representation too long", at: begin) }
        // Above the `left` bits that count, a signed number repeats its sign, an unsigned one has zeros.
        let excess = signed ? Int8(truncatingIfNeeded: payload << 1) >> Int8(left) : Int8(payload >> UInt8(left))
        guard excess == 0 || (signed && excess == -1) else { throw .malformed("integer too large", at: begin) }
      }
      shift += 7
      if byte < 0x80 { break }
    }
    if signed, shift < 64 {
      result = UInt64(bitPattern: Int64(bitPattern: result << UInt64(64 - shift)) >> Int64(64 - shift))
    }
    return result
  }
}
