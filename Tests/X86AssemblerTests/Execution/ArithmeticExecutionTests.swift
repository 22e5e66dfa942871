import FtraceX86Assembler
import Testing

/// Integer arithmetic, run on the processor and compared with Swift's.
@Suite("Execution: arithmetic")
struct ArithmeticExecutionTests {
  @Test("two operands, every width and form")
  func binary() throws {
    try binary(Reg8.self, Byte(), UInt8.self)
    try binary(Reg16.self, Word(), UInt16.self)
    try binary(Reg32.self, Dword(), UInt32.self)
    try binary(Reg64.self, Qword(), UInt64.self)
  }

  private func binary<R: GeneralRegister, W: MemoryWidth, T: FixedWidthInteger & UnsignedInteger>(
    _: R.Type, _ width: W, _: T.Type
  ) throws where W.Register == R {
    let (l, r) = (R(number: 0), R(number: 9))
    let (a, b) = (Mem.slot(0), Mem.slot(1))
    /// Runs one mnemonic's three shapes: registers, memory source, memory destination.
    func check(
      _ name: String, _ registers: (Assembler) -> Void, _ load: (Assembler) -> Void, _ store: (Assembler) -> Void,
      expected: (T, T, Bool) -> (T, Flags)
    ) throws {
      try compare(name, T.self, storing: l, registers, expected)
      try compare(name, T.self, storing: l, load, expected)
      try compare(name, T.self, storing: R?.none, store, expected)
    }
    try check(
      "add", { $0.add(l, r) }, { $0.add(l, b) }, { $0.add(a, r) }, expected: { x, y, _ in Self.add(x, y, false) })
    try check("adc", { $0.adc(l, r) }, { $0.adc(l, b) }, { $0.adc(a, r) }, expected: { Self.add($0, $1, $2) })
    try check(
      "sub", { $0.sub(l, r) }, { $0.sub(l, b) }, { $0.sub(a, r) }, expected: { x, y, _ in Self.sub(x, y, false) })
    try check("sbb", { $0.sbb(l, r) }, { $0.sbb(l, b) }, { $0.sbb(a, r) }, expected: { Self.sub($0, $1, $2) })
    try check("and", { $0.and(l, r) }, { $0.and(l, b) }, { $0.and(a, r) }, expected: { x, y, _ in Self.logic(x & y) })
    try check("or", { $0.or(l, r) }, { $0.or(l, b) }, { $0.or(a, r) }, expected: { x, y, _ in Self.logic(x | y) })
    try check("xor", { $0.xor(l, r) }, { $0.xor(l, b) }, { $0.xor(a, r) }, expected: { x, y, _ in Self.logic(x ^ y) })
    try check(
      "cmp", { $0.cmp(l, r) }, { $0.cmp(l, b) }, { $0.cmp(a, r) },
      expected: { x, y, _ in
        (x, Self.sub(x, y, false).1)
      })
    try check(
      "test", { $0.test(l, r) }, { $0.test(a, r) }, { $0.test(a, r) },
      expected: { x, y, _ in
        (x, Self.logic(x & y).1)
      })
  }

  private func compare<R: GeneralRegister, T: FixedWidthInteger & UnsignedInteger>(
    _ name: String, _: T.Type, storing result: R?, _ emit: (Assembler) -> Void, _ expected: (T, T, Bool) -> (T, Flags)
  ) throws {
    let machine = try Machine { a in
      a.mov(.rax, .slot(0))
      a.mov(.r9, .slot(1))
      a.loadFlags(2)
      emit(a)
      if let result { a.mov(.slot(0), result) }
      a.storeFlags(3)
    }
    // The bits above the width must survive in memory.
    let high: UInt64 = T.bitWidth == 64 ? 0 : 0x5555_5555_5555_5555 << UInt64(T.bitWidth)
    for x in operands(T.self, seed: 1) {
      for y in operands(T.self, seed: 2) {
        for carry in [false, true] {
          let slots = machine.run([UInt64(x) | high, UInt64(y), carry ? 0x203 : 0x202, 0])
          let (value, flags) = expected(x, y, carry)
          let found = Flags(rawValue: slots[3]).intersection(.arithmetic)
          if slots[0] != UInt64(value) | high || found != flags {
            Issue.record("\(name) of \(x), \(y), \(carry) at \(T.bitWidth) bits gives \(slots[0]), \(found)")
          }
        }
      }
    }
  }

  @Test("immediates, every width, edges of every form")
  func immediates() throws {
    try immediates(Reg8.self, Byte(), UInt8.self)
    try immediates(Reg16.self, Word(), UInt16.self)
    try immediates(Reg32.self, Dword(), UInt32.self)
    try immediates(Reg64.self, Qword(), UInt64.self)
  }

  private func immediates<R: GeneralRegister, W: MemoryWidth, T: FixedWidthInteger & UnsignedInteger>(
    _: R.Type, _ width: W, _: T.Type
  ) throws where W.Register == R {
    let edges: [R.Immediate] = [0, 1, -1, 127, -128, .max, .min, .max / 3, .min / 3]
    for immediate in edges {
      let operand = T(truncatingIfNeeded: immediate)
      // The accumulator has forms of its own.
      for number: UInt8 in [0, 3, 12] {
        let register = R(number: number)
        let machine = try Machine { a in
          a.push(.rbx)
          a.push(.r12)
          a.mov(register.as64, .slot(0))
          a.add(register, immediate)
          a.xor(register, immediate)
          a.sub(register, immediate)
          a.or(register, immediate)
          a.mov(.slot(1), register)
          a.add(width, .slot(2), immediate)
          a.and(width, .slot(3), immediate)
          a.mov(width, .slot(4), immediate)
          a.test(register, immediate)
          a.storeFlags(5)
          a.cmp(width, .slot(0), immediate)
          a.storeFlags(6)
          a.pop(.r12)
          a.pop(.rbx)
        }
        for x in operands(T.self, seed: 3) {
          let slots = machine.run([UInt64(x), 0, UInt64(x), UInt64(x), 0, 0, 0])
          let result = (((x &+ operand) ^ operand) &- operand) | operand
          #expect(slots[1] == UInt64(result))
          #expect(slots[2] == UInt64(x &+ operand))
          #expect(slots[3] == UInt64(x & operand))
          #expect(slots[4] == UInt64(operand))
          #expect(Flags(rawValue: slots[5]).intersection(.arithmetic) == Self.logic(result & operand).1)
          #expect(Flags(rawValue: slots[6]).intersection(.arithmetic) == Self.sub(x, operand, false).1)
        }
      }
    }
  }

  @Test("one operand")
  func unary() throws {
    try unary(Reg8.self, Byte(), UInt8.self)
    try unary(Reg16.self, Word(), UInt16.self)
    try unary(Reg32.self, Dword(), UInt32.self)
    try unary(Reg64.self, Qword(), UInt64.self)
  }

  private func unary<R: GeneralRegister, W: MemoryWidth, T: FixedWidthInteger & UnsignedInteger>(
    _: R.Type, _ width: W, _: T.Type
  ) throws where W.Register == R {
    let register = R(number: 10)
    let operations: [((Assembler) -> Void, (Assembler) -> Void, (T) -> T)] = [
      ({ $0.inc(register) }, { $0.inc(width, .slot(1)) }, { $0 &+ 1 }),
      ({ $0.dec(register) }, { $0.dec(width, .slot(1)) }, { $0 &- 1 }),
      ({ $0.not(register) }, { $0.not(width, .slot(1)) }, { ~$0 }),
      ({ $0.neg(register) }, { $0.neg(width, .slot(1)) }, { 0 &- $0 }),
    ]
    for (inRegister, inMemory, expected) in operations {
      let machine = try Machine { a in
        a.mov(.r10, .slot(0))
        inRegister(a)
        a.mov(.slot(0), register)
        inMemory(a)
      }
      for x in operands(T.self, seed: 4) {
        let slots = machine.run([UInt64(x), UInt64(x)])
        #expect(slots == [UInt64(expected(x)), UInt64(expected(x))])
      }
    }
  }

  // MARK: - What the manual says

  static func add<T: FixedWidthInteger & UnsignedInteger>(_ x: T, _ y: T, _ carry: Bool) -> (T, Flags) {
    let (partial, first) = x.addingReportingOverflow(y)
    let (result, second) = partial.addingReportingOverflow(carry ? 1 : 0)
    var flags = Flags.of(result)
    if first || second { flags.insert(.carry) }
    if ((x ^ result) & (y ^ result)) >> (T.bitWidth - 1) != 0 { flags.insert(.overflow) }
    return (result, flags)
  }

  static func sub<T: FixedWidthInteger & UnsignedInteger>(_ x: T, _ y: T, _ borrow: Bool) -> (T, Flags) {
    let (partial, first) = x.subtractingReportingOverflow(y)
    let (result, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
    var flags = Flags.of(result)
    if first || second { flags.insert(.carry) }
    if ((x ^ y) & (x ^ result)) >> (T.bitWidth - 1) != 0 { flags.insert(.overflow) }
    return (result, flags)
  }

  static func logic<T: FixedWidthInteger & UnsignedInteger>(_ result: T) -> (T, Flags) { (result, .of(result)) }
}
