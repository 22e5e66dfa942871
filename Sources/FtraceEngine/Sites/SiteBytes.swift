import CFtraceShims

/// What a site's five bytes are.
enum SiteTarget: Hashable, Sendable {
  /// `call mcount`: not converted yet.
  case mcount
  /// The single instruction `0f 1f 44 00 00`.
  case nop
  /// `call` of what lies at an offset in the arena.
  case call(UInt32)

  /// The value in a record.
  var encoded: UInt32 {
    switch self {
    case .mcount: UInt32(FTRACE_TARGET_MCOUNT)
    case .nop: UInt32(FTRACE_TARGET_NOP)
    case .call(let offset): offset
    }
  }

  init(encoded: UInt32) {
    self =
      switch encoded {
      case UInt32(FTRACE_TARGET_MCOUNT): .mcount
      case UInt32(FTRACE_TARGET_NOP): .nop
      default: .call(encoded)
      }
  }
}

/// Five bytes of code, the lowest address in the lowest bits.
struct SiteBytes: Hashable, Sendable {
  var low: UInt32
  var high: UInt8

  /// The NOP of five bytes, one instruction, so that no thread can be stopped between two halves (Intel SDM volume 2, NOP).
  static let nop = SiteBytes(low: 0x0044_1F0F, high: 0)

  /// `call` from the site at `site` to `target`, both offsets in the arena, which is smaller than a displacement reaches.
  static func call(from site: UInt32, to target: UInt32) -> SiteBytes {
    let displacement = UInt32(bitPattern: Int32(truncatingIfNeeded: Int64(target) - Int64(site) - 5))
    return SiteBytes(low: 0xE8 | displacement << 8, high: UInt8(displacement >> 24))
  }

  /// `jmp` from `place` to `target`, both offsets in the arena.
  static func jump(from place: UInt32, to target: UInt32) -> SiteBytes {
    var bytes = call(from: place, to: target)
    bytes.low += 1  // E9 instead of E8
    return bytes
  }

  init(low: UInt32, high: UInt8) {
    self.low = low
    self.high = high
  }

  /// Five bytes in order of address; nil for another number of them.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 5 else { return nil }
    low = bytes[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    high = bytes[4]
  }

  /// Offset in the arena of what these bytes call, if they are a near call at `site` that stays in it.
  func callTarget(from site: UInt32) -> UInt32? {
    guard low & 0xFF == 0xE8 else { return nil }
    let displacement = Int32(bitPattern: low >> 8 | UInt32(high) << 24)
    return UInt32(exactly: Int64(site) + 5 + Int64(displacement))
  }

  /// The first five bytes at an address.
  // Safe if `address` is readable for five bytes: sites are, while their block is.
  init(reading address: UnsafeRawPointer) {
    unsafe low = address.loadUnaligned(as: UInt32.self)
    unsafe high = address.load(fromByteOffset: 4, as: UInt8.self)
  }

  /// The bytes in order of address.
  var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: low >> ($0 * 8)) } + [high] }

  func write(to address: UnsafeMutableRawPointer) {
    unsafe address.storeBytes(of: low, as: UInt32.self)
    unsafe address.storeBytes(of: high, toByteOffset: 4, as: UInt8.self)
  }
}
