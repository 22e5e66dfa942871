import FtraceWasm
import Testing

@Suite struct BytesReaderTests {
  private func read<Value>(
    _ digits: String, _ body: (inout BytesReader) throws(WasmModuleError) -> Value
  ) throws(WasmModuleError) -> Value {
    var reader = BytesReader(ModuleBytes(hex(digits)))
    let value = try body(&reader)
    #expect(reader.isAtEnd, "\(digits)")
    return value
  }

  /// What both readers say of a number.
  private func s64(_ digits: String) throws -> [Int64] {
    let bytes = ModuleBytes(hex(digits))
    var checked = BytesReader(bytes)
    // The checked reader vouches for the number.
    var unchecked = unsafe CodeReader(bytes, at: 0)
    let values = [try checked.s64(), unsafe unchecked.s64()]
    #expect(unsafe unchecked.offset == checked.offset)
    return values
  }

  @Test("unsigned numbers, as short and as long as they may be")
  func unsigned() throws {
    #expect(try read("7F") { reader throws(WasmModuleError) in try reader.u32() } == 127)
    #expect(try read("80 01") { reader throws(WasmModuleError) in try reader.u32() } == 128)
    #expect(try read("83 80 80 80 00") { reader throws(WasmModuleError) in try reader.u32() } == 3)
    #expect(try read("FF FF FF FF 0F") { reader throws(WasmModuleError) in try reader.u32() } == .max)
    #expect(try read("FF FF FF FF FF FF FF FF FF 01") { reader throws(WasmModuleError) in try reader.u64() } == .max)
  }

  @Test("signed numbers keep their sign")
  func signed() throws {
    #expect(try read("7F") { reader throws(WasmModuleError) in try reader.s32() } == -1)
    #expect(try read("3F") { reader throws(WasmModuleError) in try reader.s32() } == 63)
    #expect(try read("40") { reader throws(WasmModuleError) in try reader.s32() } == -64)
    #expect(try read("80 7F") { reader throws(WasmModuleError) in try reader.s32() } == -128)
    #expect(try read("80 80 80 80 78") { reader throws(WasmModuleError) in try reader.s32() } == .min)
    #expect(try read("FF FF FF FF 07") { reader throws(WasmModuleError) in try reader.s32() } == .max)
    #expect(try read("FF FF FF FF 7F") { reader throws(WasmModuleError) in try reader.s32() } == -1)
    #expect(try read("80 80 80 80 70") { reader throws(WasmModuleError) in try reader.s33() } == -4_294_967_296)
    #expect(try s64("80 80 80 80 80 80 80 80 80 7F") == [.min, .min])
    #expect(try s64("FF FF FF FF FF FF FF FF FF 00") == [.max, .max])
    #expect(try s64("80 80 40") == [-1_048_576, -1_048_576])
  }

  static let refused = [
    // Unused bits of the last byte that are not zero, or do not repeat the sign; a byte too many; none.
    ("FF FF FF FF 1F", "integer too large", 0), ("80 80 80 80 80 00", "integer representation too long", 0),
    ("80", "unexpected end", 1), ("", "unexpected end", 0),
  ]

  @Test("numbers beyond their type are refused", arguments: refused)
  func tooLarge(digits: String, message: String, offset: Int) {
    #expect(throws: WasmModuleError(.malformed, at: offset, message)) {
      try read(digits) { reader throws(WasmModuleError) in try reader.u32() }
    }
    #expect(throws: WasmModuleError(.malformed, at: offset, message)) {
      try read(digits.replacing("1F", with: "4F")) { reader throws(WasmModuleError) in try reader.s32() }
    }
  }

  @Test("names that are equal to the eye are not to the machine")
  func names() throws {
    let composed = try read("02 C3 A9") { reader throws(WasmModuleError) in try reader.name() }
    let decomposed = try read("03 65 CC 81") { reader throws(WasmModuleError) in try reader.name() }
    #expect(composed.string == decomposed.string)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
  }
}
