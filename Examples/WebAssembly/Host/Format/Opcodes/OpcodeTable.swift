/// What each byte means as an opcode.
///
/// Decoding through it is a load. `Opcode(rawValue:)` jumps to a place of its own for each byte, which is as costly as the
/// jump to the instruction's case that follows, and as hard to predict.
@safe struct OpcodeTable: Sendable {
  // Written once before it is shared, never freed: every byte is an index.
  nonisolated(unsafe) private let opcodes: UnsafePointer<Opcode?>

  static let shared = OpcodeTable()

  private init() {
    let table = UnsafeMutablePointer<Opcode?>.allocate(capacity: 256)
    // Each of the 256 entries is initialised exactly once.
    for byte in 0...255 { unsafe (table + byte).initialize(to: Opcode(rawValue: UInt8(byte))) }
    unsafe opcodes = UnsafePointer(table)
  }

  @inline(__always)
  subscript(byte: UInt8) -> Opcode? {
    // As above.
    unsafe opcodes[Int(byte)]
  }
}
