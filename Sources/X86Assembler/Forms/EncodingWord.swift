/// A row for one width, packed for the emitters.
///
/// Bits 0-23 opcode, first byte lowest; 24-39 prefixes; 40-41 number of prefixes; 42-43 bytes of opcode; 44-46 digit; 48-51 the
/// low half of REX (REX.W is bit 51); 52-55 bytes of immediate.
struct EncodingWord {
  let bits: UInt64

  var opcode: UInt32 { UInt32(truncatingIfNeeded: bits) & 0xFF_FFFF }
  var prefixes: UInt16 { UInt16(truncatingIfNeeded: bits >> 24) }
  var prefixCount: Int { Int(bits >> 40 & 3) }
  var opcodeCount: Int { Int(bits >> 42 & 3) }
  var digit: UInt8 { UInt8(truncatingIfNeeded: bits >> 44 & 7) }
  var rex: UInt8 { UInt8(truncatingIfNeeded: bits >> 48 & 0xF) }
  var immediateCount: Int { Int(bits >> 52 & 0xF) }

  /// The shift that brings a register or condition to the last byte of the opcode.
  var lastOpcodeShift: UInt32 { UInt32(opcodeCount - 1) * 8 }
}

extension FormRow {
  /// The bytes of immediate at a width.
  func immediateBytes(_ width: OperandWidth) -> Int {
    for operand in operands {
      switch operand {
      case .immS8, .immU8, .rel8: return 1
      case .immU16: return 2
      case .imm: return min(4, width.bytes)
      case .immFull: return 8
      case .rel32: return 4
      default: continue
      }
    }
    return 0
  }

  /// The packed encoding at a width; meaningless for a width that the form does not have.
  func word(_ width: OperandWidth) -> UInt64 {
    let sized = !widths.isEmpty && widths != .implicitQword
    // Byte forms are the opcode below, except where the row names the byte form alone.
    let code = sized && width == .byte && widths != .byte ? opcode &- 1 : opcode
    let count: UInt32 = opcode > 0xFFFF ? 3 : opcode > 0xFF ? 2 : 1
    var word = UInt64(code.byteSwapped >> (8 * (4 - count)))
    var prefixes: [UInt8] = []
    if sized && width == .word { prefixes.append(0x66) }
    if prefix != 0 { prefixes.append(prefix) }
    for (index, byte) in prefixes.enumerated() { word |= UInt64(byte) << (24 + 8 * UInt64(index)) }
    word |= UInt64(prefixes.count) << 40 | UInt64(count) << 42 | UInt64(digit ?? 0) << 44
    if sized && width == .qword { word |= 8 << 48 }
    return word | UInt64(immediateBytes(width)) << 52
  }
}

/// The packed words of all forms, four for each: byte, word, dword, qword.
@safe
struct EncodingWords: @unchecked Sendable {
  /// Sendable because the memory is written here only, before the value is published, and is never freed.
  let base: UnsafePointer<UInt64>

  static let shared = EncodingWords()

  private init() {
    let count = Form.table.count * 4
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
    for (index, row) in Form.table.enumerated() {
      precondition(Int(row.form.rawValue) == index, "the table's rows are in the order of Form's cases")
      for width in OperandWidth.allCases {
        // In bounds: the index is below the table's count, the width below four.
        unsafe (words + index * 4 + Int(width.rawValue)).initialize(to: row.word(width))
      }
    }
    unsafe base = UnsafePointer(words)
  }
}
