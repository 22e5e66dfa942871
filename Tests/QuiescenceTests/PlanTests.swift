import CFtraceShims
import Testing

/// The C function that writes while the world is stopped, on plain memory.
@Suite struct PlanTests {
  private static let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0, 0]
  private static let call: [UInt8] = [0xE8, 1, 2, 3, 4]

  /// Applies patches at offset 3 of aligned words that hold `old`, and returns the words and the patches.
  private func apply(
    _ words: [[UInt8]], from expected: [UInt8], to replacement: [UInt8], critical: Int? = nil
  ) -> (bytes: [[UInt8]], patches: [ftrace_patch], plan: ftrace_plan) {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: words.count)
    defer { unsafe memory.deallocate() }
    var patches: [ftrace_patch] = unsafe []
    for (index, bytes) in words.enumerated() {
      // Safe: each word has eight bytes, of which five from the third on are the instruction.
      let start = unsafe UnsafeMutableRawPointer(memory + index)
      unsafe start.storeBytes(of: 0xAAAA_AAAA_AAAA_AAAA, as: UInt64.self)
      for (position, byte) in bytes.enumerated() {
        unsafe start.storeBytes(of: byte, toByteOffset: 3 + position, as: UInt8.self)
      }
      unsafe patches.append(
        ftrace_patch(
          write: (start + 3).assumingMemoryBound(to: UInt8.self), expected_low: low(expected),
          replacement_low: low(replacement), expected_high: expected[4], replacement_high: replacement[4], status: 0,
          critical: critical == index ? 1 : 0, tag: UInt32(index)))
    }
    var plan = unsafe ftrace_plan()
    let count = unsafe patches.count
    unsafe patches.withUnsafeMutableBufferPointer { buffer in
      unsafe plan.patches = buffer.baseAddress
      unsafe plan.patch_count = count
      unsafe ftrace_plan_apply(&plan)
    }
    let bytes = words.indices.map { index in
      (0..<8).map { unsafe UInt8(truncatingIfNeeded: memory[index] >> ($0 * 8)) }
    }
    return unsafe (bytes, patches, plan)
  }

  private func low(_ bytes: [UInt8]) -> UInt32 { bytes[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
  private func framed(_ bytes: [UInt8]) -> [UInt8] { [0xAA, 0xAA, 0xAA] + bytes }

  @Test("row 14: the expected bytes are replaced, all five, and nothing around them")
  func match() {
    let result = unsafe apply([Self.nop], from: Self.nop, to: Self.call)
    #expect(unsafe result.bytes == [framed(Self.call)])
    #expect(unsafe result.patches[0].status == UInt8(FTRACE_PATCH_WRITTEN.rawValue))
    #expect(unsafe result.plan.written == 1)
  }

  @Test("row 15: bytes that are new already are success, and nothing is written")
  func already() {
    let result = unsafe apply([Self.call], from: Self.nop, to: Self.call)
    #expect(unsafe result.patches[0].status == UInt8(FTRACE_PATCH_ALREADY.rawValue))
    #expect(unsafe result.plan.written == 0)
  }

  @Test("rows 16, 18: other bytes are left alone and reported, also if only the fifth differs", arguments: 0..<5)
  func unexpected(position: Int) {
    var other = Self.nop
    other[position] ^= 0x40
    let result = unsafe apply([other, Self.nop], from: Self.nop, to: Self.call)
    #expect(unsafe result.bytes == [framed(other), framed(Self.call)])
    #expect(unsafe result.patches[0].status == UInt8(FTRACE_PATCH_UNEXPECTED.rawValue))
    #expect(unsafe result.patches[0].replacement_low == low(other))
    #expect(unsafe result.patches[0].replacement_high == other[4])
    #expect(unsafe result.plan.unexpected == 1)
    #expect(unsafe !result.plan.aborted)
  }

  @Test func aDamagedCriticalEntryEndsThePlan() {
    let damaged: [UInt8] = [1, 2, 3, 4, 5]
    let result = unsafe apply([damaged, Self.nop], from: Self.nop, to: Self.call, critical: 0)
    #expect(unsafe result.plan.aborted)
    #expect(unsafe result.bytes[1] == framed(Self.nop))
    #expect(unsafe result.plan.written == 0)
  }
}
