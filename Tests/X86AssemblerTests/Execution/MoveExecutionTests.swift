import FtraceX86Assembler
import Testing

/// Moves, extensions, addresses, conditions, exchanges and the stack.
@Suite("Execution: moves and conditions")
struct MoveExecutionTests {
  @Test("narrow writes keep the rest of a register, 32-bit ones clear it")
  func widths() throws {
    let machine = try Machine { a in
      for (slot, write) in [
        (1, { a.mov(.r9b, .sil) }), (2, { a.mov(.r9w, .si) }), (3, { a.mov(.r9d, .esi) }), (4, { a.mov(.r9, .rsi) }),
        (5, { a.mov(.r9b, -2) }), (6, { a.mov(.r9w, -2) }), (7, { a.mov(.r9d, -2) }), (8, { a.mov(.r9, -2) }),
      ] as [(Int, () -> Void)] {
        a.mov(.rsi, .slot(0))
        a.mov(.r9, 0x1122_3344_5566_7788)
        write()
        a.mov(.slot(slot), .r9)
      }
    }
    let x: UInt64 = 0xFEDC_BA98_7654_3210
    #expect(
      machine.run([x] + [UInt64](repeating: 0, count: 8)) == [
        x, 0x1122_3344_5566_7710, 0x1122_3344_5566_3210, 0x7654_3210, x, 0x1122_3344_5566_77FE,
        0x1122_3344_5566_FFFE, 0xFFFF_FFFE, .max - 1,
      ])
  }

  @Test("extensions")
  func extensions() throws {
    let machine = try Machine { a in
      a.mov(.r12, .r12)
      a.mov(.r8, .slot(0))
      a.movzx(.eax, .r8b)
      a.mov(.slot(1), .rax)
      a.movzx(.rax, .word, .slot(0))
      a.mov(.slot(2), .rax)
      a.movsx(.rax, .r8b)
      a.mov(.slot(3), .rax)
      a.movsx(.eax, .byte, .slot(0))
      a.mov(.slot(4), .rax)
      a.movsx(.rax, .r8w)
      a.mov(.slot(5), .rax)
      a.movsxd(.rax, .r8d)
      a.mov(.slot(6), .rax)
      a.movsxd(.rax, .slot(0))
      a.mov(.slot(7), .rax)
      a.xor(.eax, .eax)
      a.movsx(.ax, .r8b)
      a.mov(.slot(8), .rax)
    }
    for x in operands(UInt64.self, seed: 20) {
      let slots = machine.run([x] + [UInt64](repeating: 0, count: 8))
      #expect(slots[1] == x & 0xFF)
      #expect(slots[2] == x & 0xFFFF)
      #expect(slots[3] == UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: x))))
      #expect(slots[4] == UInt64(UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: x)))))
      #expect(slots[5] == UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: x))))
      #expect(slots[6] == UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x))))
      #expect(slots[7] == slots[6])
      #expect(slots[8] == UInt64(UInt16(bitPattern: Int16(Int8(truncatingIfNeeded: x)))))
    }
  }

  @Test("addresses: every base, index and scale")
  func lea() throws {
    for base in 0..<16 where base != 4 {
      for index in 0..<16 where index != 4 {
        let scale = Mem.Scale.allCases[(base + index) % 4]
        let displacement = OperandSamples.displacements[(base * 3 + index) % 9]
        let (b, i) = (Reg64(number: UInt8(base)), Reg64(number: UInt8(index)))
        let machine = try Machine { a in
          for saved in CallingConvention.sysV.calleeSaved { a.push(saved) }
          a.push(.rdi)
          a.mov(.rcx, .slot(0))
          a.mov(.rdx, .slot(1))
          a.push(.rcx)
          a.push(.rdx)
          a.pop(i)
          a.pop(b)
          if base == index { a.mov(i, .base(.rsp, -16)) }
          a.lea(b, .base(b, index: IndexRegister(i), scale: scale, displacement))
          a.push(b)
          a.pop(.rax)
          a.pop(.rdi)
          a.mov(.slot(2), .rax)
          for saved in CallingConvention.sysV.calleeSaved.reversed() { a.pop(saved) }
        }
        let (x, y): (UInt64, UInt64) = (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_0000_1234)
        let slots = machine.run([x, y, 0])
        let (left, right) = base == index ? (y, y) : (x, y)
        let expected = left &+ right << UInt64(scale.rawValue) &+ UInt64(bitPattern: Int64(displacement))
        #expect(slots[2] == expected, "\(b) + \(i) * \(scale) + \(displacement)")
      }
    }
  }

  @Test("conditions: set, cmov and jump agree with the flags", arguments: Condition.allCases)
  func conditions(_ condition: Condition) throws {
    let machine = try Machine { a in
      let taken = a.label("taken")
      a.mov(.esi, 1)
      a.xor(.eax, .eax)
      a.loadFlags(0)
      a.set(condition, .slot(1))
      a.cmov(condition, .rax, .rsi)
      a.mov(.slot(2), .rax)
      a.mov(.eax, 1)
      a.j(condition, taken)
      a.xor(.eax, .eax)
      a.bind(taken)
      a.mov(.slot(3), .rax)
    }
    let each: [Flags] = [.carry, .parity, .zero, .sign, .overflow]
    for bits in 0..<32 {
      let flags = Flags(each.enumerated().filter { bits >> $0.offset & 1 != 0 }.map(\.element))
      let slots = machine.run([flags.rawValue | 0x202, 0, 0, 0])
      let expected: UInt64 = Self.holds(condition, flags) ? 1 : 0
      #expect(slots[1...] == [expected, expected, expected], "\(condition) with \(flags)")
      #expect(Self.holds(condition.inverted, flags) != Self.holds(condition, flags))
    }
  }

  @Test("exchanges, locked and not")
  func exchanges() throws {
    let machine = try Machine { a in
      a.mov(.rax, .slot(0))
      a.mov(.rsi, .slot(1))
      a.xchg(.rax, .rsi)
      a.xchg(.rsi, .r9)
      a.mov(.slot(2), .rax)
      a.mov(.slot(3), .r9)
      a.xchg(.slot(4), .rax)
      a.lock.xadd(.slot(4), .r9)
      a.mov(.slot(5), .r9)
      // Equal: stores. Then unequal: loads.
      a.mov(.rax, .slot(4))
      a.mov(.ecx, 77)
      a.lock.cmpxchg(.slot(4), .rcx)
      a.set(.e, .slot(6))
      a.mov(.eax, 1)
      a.cmpxchg(.slot(4), .rcx)
      a.mov(.slot(7), .rax)
      a.lock.inc(.dword, .slot(8))
      a.lock.add(.qword, .slot(8), 1000)
      a.lock.bts(.qword, .slot(8), 40)
    }
    let slots = machine.run([5, 7, 0, 0, 100, 0, 0, 0, 1])
    let counter: UInt64 = 1002 | 1 << 40
    #expect(slots == [5, 7, 7, 5, 77, 7, 1, 77, counter])
  }

  @Test("sixteen bytes are exchanged at once")
  func wideExchange() throws {
    let machine = try Machine { a in
      a.push(.rbx)
      a.mov(.r8, .rdi)
      a.add(.r8, 15)
      a.and(.r8, -16)
      a.mov(.rax, .base(.r8))
      a.mov(.rdx, .base(.r8, 8))
      a.mov(.ebx, 1)
      a.mov(.ecx, 2)
      a.lock.cmpxchg16b(.base(.r8))
      a.pop(.rbx)
    }
    let slots = machine.run([9, 9, 9, 9])
    #expect(slots == [1, 2, 9, 9] || slots == [9, 1, 2, 9])
  }

  @Test("the thread pointer through fs")
  func segment() throws {
    let machine = try Machine { a in
      a.mov(.rax, .fs(0))
      a.mov(.slot(0), .rax)
      // On Linux the first word of the thread block is its own address.
      a.mov(.rax, .base(.rax))
      a.mov(.slot(1), .rax)
      a.xor(.ecx, .ecx)
      a.mov(.rax, Mem.base(.rcx).inSegment(.fs))
      a.mov(.slot(2), .rax)
    }
    let slots = machine.run([0, 1, 2])
    #expect(slots[0] != 0 && slots[0] == slots[1] && slots[0] == slots[2])
  }

  @Test("stack, calls, jump tables and instructions without operands")
  func control() throws {
    let machine = try Machine { a in
      let (callee, after, table) = (a.label("callee"), a.label("after"), a.label("table"))
      let cases = (0..<4).map { a.label("case \($0)") }
      a.push(.rbp)
      a.mov(.rbp, .rsp)
      a.push(-5)
      a.pop(.slot(0))
      a.push(.slot(0))
      a.pop(.rax)
      a.call(callee)
      a.lea(.rsi, .rip(callee))
      a.call(.rsi)
      a.mov(.slot(1), .rax)
      // switch (slots[2])
      a.mov(.rcx, .slot(2))
      a.lea(.rdx, .rip(table))
      a.movsxd(.rcx, .base(.rdx, index: .rcx, scale: .x4))
      a.add(.rcx, .rdx)
      a.jmp(.rcx)
      for (index, label) in cases.enumerated() {
        a.bind(label)
        a.mov(.eax, Int32(100 + index))
        a.jmp(after)
      }
      a.bind(callee)
      a.add(.rax, 1)
      a.ret()
      a.align(8)
      a.bind(table)
      for label in cases { a.distance(from: table, to: label) }
      a.bind(after)
      a.mov(.slot(2), .rax)
      for count in 0...20 { a.nop(count) }
      a.lfence()
      a.mfence()
      a.sfence()
      a.pause()
      a.cld()
      a.rdtsc()
      a.shl(.rdx, 32)
      a.or(.rax, .rdx)
      a.mov(.rsi, .rax)
      a.rdtscp()
      a.shl(.rdx, 32)
      a.or(.rax, .rdx)
      a.sub(.rax, .rsi)
      a.set(.ae, .slot(3))
      a.stc()
      a.lahf()
      a.clc()
      a.sahf()
      a.set(.c, .slot(4))
      a.leave()
    }
    for index: UInt64 in 0..<4 {
      let slots = machine.run([0, 0, index, 0, 0])
      #expect(slots == [UInt64(bitPattern: -5), UInt64(bitPattern: -3), 100 + index, 1, 1])
    }
  }

  @Test("string instructions, jrcxz")
  func strings() throws {
    let machine = try Machine { a in
      let empty = a.label("empty")
      a.mov(.r8, .rdi)
      a.mov(.rax, .slot(0))
      a.lea(.rdi, .base(.r8, 8))
      a.mov(.ecx, 3)
      a.repStosq()
      a.mov(.rsi, .r8)
      a.mov(.ecx, 4)
      a.repMovsb()
      a.mov(.rdi, .r8)
      a.jrcxz(empty)
      a.mov(.qword, .slot(5), -1)
      a.bind(empty)
    }
    #expect(
      machine.run([0x1_2233_4455, 0, 0, 0, 0, 9]) == [
        0x1_2233_4455, 0x1_2233_4455, 0x1_2233_4455, 0x1_2233_4455, 0x2233_4455, 9,
      ])
  }

  private static func holds(_ condition: Condition, _ f: Flags) -> Bool {
    let less = f.contains(.sign) != f.contains(.overflow)
    return switch condition {
    case .o: f.contains(.overflow)
    case .no: !f.contains(.overflow)
    case .b: f.contains(.carry)
    case .ae: !f.contains(.carry)
    case .e: f.contains(.zero)
    case .ne: !f.contains(.zero)
    case .be: f.contains(.carry) || f.contains(.zero)
    case .a: !(f.contains(.carry) || f.contains(.zero))
    case .s: f.contains(.sign)
    case .ns: !f.contains(.sign)
    case .p: f.contains(.parity)
    case .np: !f.contains(.parity)
    case .l: less
    case .ge: !less
    case .le: less || f.contains(.zero)
    case .g: !(less || f.contains(.zero))
    }
  }
}
