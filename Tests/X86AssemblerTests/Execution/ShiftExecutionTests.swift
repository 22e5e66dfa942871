import FtraceX86Assembler
import Testing

/// Shifts, rotates, bit operations and counts, compared with Swift's.
@Suite("Execution: shifts and bits")
struct ShiftExecutionTests {
  @Test("shifts and rotates by an immediate and by cl")
  func shifts() throws {
    try shifts(Reg8.self, Byte(), UInt8.self)
    try shifts(Reg16.self, Word(), UInt16.self)
    try shifts(Reg32.self, Dword(), UInt32.self)
    try shifts(Reg64.self, Qword(), UInt64.self)
  }

  private func shifts<R: GeneralRegister, W: MemoryWidth, T: FixedWidthInteger & UnsignedInteger>(
    _: R.Type, _ width: W, _: T.Type
  ) throws where W.Register == R {
    let r = R(number: 8)
    let bits = T.bitWidth
    typealias Shift = ((Assembler, UInt8) -> Void, (Assembler) -> Void, (Assembler) -> Void, (T, Int) -> T)
    let shifts: [Shift] = [
      ({ $0.shl(r, $1) }, { $0.shl(r, .cl) }, { $0.shl(width, .slot(2), .cl) }, { $0 << $1 }),
      ({ $0.shr(r, $1) }, { $0.shr(r, .cl) }, { $0.shr(width, .slot(2), .cl) }, { $0 >> $1 }),
      ({ $0.sar(r, $1) }, { $0.sar(r, .cl) }, { $0.sar(width, .slot(2), .cl) }, { Self.arithmeticShift($0, $1) }),
      ({ $0.rol(r, $1) }, { $0.rol(r, .cl) }, { $0.rol(width, .slot(2), .cl) }, { Self.rotate($0, $1 % bits) }),
      (
        { $0.ror(r, $1) }, { $0.ror(r, .cl) }, { $0.ror(width, .slot(2), .cl) },
        { Self.rotate($0, (bits - $1 % bits) % bits) }
      ),
    ]
    for (immediate, variable, memory, expected) in shifts {
      let byRegister = try Machine { a in
        a.mov(.r8, .slot(0))
        a.mov(.rcx, .slot(1))
        variable(a)
        a.mov(.slot(0), r)
        memory(a)
      }
      for count: UInt8 in [0, 1, 2, 7, 8, 15, 31, 33, 63] {
        let byImmediate = try Machine { a in
          a.mov(.r8, .slot(0))
          immediate(a, count)
          a.mov(.slot(0), r)
        }
        // The processor takes the count modulo 64, or 32 for the narrower widths.
        let effective = Int(count) % (bits == 64 ? 64 : 32)
        for x in operands(T.self, seed: 10) {
          let result = UInt64(expected(x, effective))
          #expect(byImmediate.run([UInt64(x), 0, 0])[0] == result, "\(x) by \(count) at \(bits) bits")
          let slots = byRegister.run([UInt64(x), UInt64(count), UInt64(x)])
          #expect(slots[0] == result && slots[2] == result, "\(x) by cl = \(count) at \(bits) bits")
        }
      }
    }
  }

  @Test("rotates through the carry, and double shifts")
  func carry() throws {
    let machine = try Machine { a in
      a.mov(.rax, .slot(0))
      a.mov(.rdx, .slot(0))
      a.mov(.rsi, .slot(1))
      a.loadFlags(2)
      a.rcl(.eax, 3)
      a.mov(.slot(3), .rax)
      a.loadFlags(2)
      a.rcr(.edx, 1)
      a.mov(.slot(4), .rdx)
      a.mov(.rax, .slot(0))
      a.shld(.rax, .rsi, 12)
      a.mov(.slot(5), .rax)
      a.mov(.ecx, 20)
      a.mov(.rax, .slot(0))
      a.shrd(.rax, .rsi, .cl)
      a.mov(.slot(6), .rax)
    }
    for x in operands(UInt64.self, seed: 11) {
      for carry: UInt64 in [0, 1] {
        let y = ~x &* 0x1234_5678_9ABC_DEF1
        let slots = machine.run([x, y, 0x202 | carry, 0, 0, 0, 0])
        let low = x & 0xFFFF_FFFF
        #expect(slots[3] == (low << 3 | carry << 2 | low >> 30) & 0xFFFF_FFFF)
        #expect(slots[4] == (low >> 1 | carry << 31))
        #expect(slots[5] == x << 12 | y >> 52)
        #expect(slots[6] == x >> 20 | y << 44)
      }
    }
  }

  @Test("scans, counts, bswap")
  func counts() throws {
    try counts(Reg16.self, UInt16.self)
    try counts(Reg32.self, UInt32.self)
    try counts(Reg64.self, UInt64.self)
    let swap = try Machine { a in
      a.mov(.rax, .slot(0))
      a.bswap(.rax)
      a.mov(.slot(1), .rax)
      a.mov(.r9d, .slot(0))
      a.bswap(.r9d)
      a.mov(.slot(2), .r9)
    }
    for x in operands(UInt64.self, seed: 12) {
      let slots = swap.run([x, 0, 0])
      #expect(slots[1] == x.byteSwapped)
      #expect(slots[2] == UInt64(UInt32(truncatingIfNeeded: x).byteSwapped))
    }
  }

  private func counts<R: WideRegister, T: FixedWidthInteger & UnsignedInteger>(_: R.Type, _: T.Type) throws {
    let (source, destination) = (R(number: 9), R(number: 0))
    func machine(_ emit: (Assembler) -> Void) throws -> Machine {
      try Machine { a in
        a.mov(.r9, .slot(0))
        a.xor(.eax, .eax)
        emit(a)
        a.mov(.slot(1), destination)
      }
    }
    let bsf = try machine { $0.bsf(destination, source) }
    let bsr = try machine { $0.bsr(destination, .slot(0)) }
    let popcnt = try machine { $0.popcnt(destination, source) }
    let lzcnt = try machine { $0.lzcnt(destination, source) }
    let tzcnt = try machine { $0.tzcnt(destination, .slot(0)) }
    for x in operands(T.self, seed: 13) {
      #expect(popcnt.run([UInt64(x), 0])[1] == UInt64(x.nonzeroBitCount))
      #expect(lzcnt.run([UInt64(x), 0])[1] == UInt64(x.leadingZeroBitCount))
      #expect(tzcnt.run([UInt64(x), 0])[1] == UInt64(x.trailingZeroBitCount))
      if x == 0 { continue }
      #expect(bsf.run([UInt64(x), 0])[1] == UInt64(x.trailingZeroBitCount))
      #expect(bsr.run([UInt64(x), 0])[1] == UInt64(T.bitWidth - 1 - x.leadingZeroBitCount))
    }
  }

  @Test("bit tests")
  func bitTests() throws {
    let machine = try Machine { a in
      a.mov(.rax, .slot(0))
      a.mov(.rsi, .slot(1))
      a.bt(.rax, .rsi)
      a.set(.c, .slot(2))
      a.bts(.rax, .rsi)
      a.mov(.slot(3), .rax)
      a.btr(.rax, 63)
      a.mov(.slot(4), .rax)
      a.btc(.eax, .esi)
      a.mov(.slot(5), .rax)
      a.btc(.qword, .slot(6), 5)
    }
    for x in operands(UInt64.self, seed: 14) {
      for bit: UInt64 in [0, 1, 31, 32, 63] {
        let slots = machine.run([x, bit, 0, 0, 0, 0, x])
        #expect(slots[2] == x >> bit & 1)
        #expect(slots[3] == x | 1 << bit)
        let cleared = (x | 1 << bit) & ~(1 << 63)
        #expect(slots[4] == cleared)
        #expect(slots[5] == (cleared ^ 1 << (bit % 32)) & 0xFFFF_FFFF)
        #expect(slots[6] == x ^ 32)
      }
    }
  }

  private static func rotate<T: FixedWidthInteger & UnsignedInteger>(_ x: T, _ count: Int) -> T {
    count == 0 ? x : x << count | x >> (T.bitWidth - count)
  }

  private static func arithmeticShift<T: FixedWidthInteger & UnsignedInteger>(_ x: T, _ count: Int) -> T {
    let fill: T = x >> (T.bitWidth - 1) == 0 || count == 0 ? 0 : ~(T.max >> min(count, T.bitWidth))
    return x >> count | fill
  }
}
