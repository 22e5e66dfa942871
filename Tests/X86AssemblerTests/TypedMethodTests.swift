import FtraceX86Assembler
import Testing

/// The typed methods against the table: each emits the shortest form of the mnemonic that it is named after.
@Suite("Typed methods")
struct TypedMethodTests {
  @Test("emit the table's shortest form")
  func shortestForm() throws {
    for call in TypedCall.all() {
      let assembler = Assembler()
      call.emit(assembler)
      let bytes = try assembler.finish().bytes
      let candidates = try call.candidates()
      let shortest = candidates.map(\.bytes.count).min()
      #expect(
        candidates.contains { $0.bytes == bytes && $0.bytes.count == shortest },
        "\(call.mnemonic) \(call.operands) emits \(bytes), the table says \(candidates)")
    }
  }

  @Test("reach every form of the table")
  func coverage() throws {
    // Branches and immediates of `mov` choose their form by value, and the accumulator's forms want the accumulator.
    let elsewhere: Set<Form> = [
      .jmpRel8, .jmpRel32, .callRel32, .jccRel8, .jccRel32, .jrcxzRel8, .movRI8, .movRI, .movabsRI, .xchgAccR,
      .lockPrefix, .nopM, .pushI8,
    ]
    var missing = Set(Form.table.filter { !$0.operands.contains(.accumulator) }.map(\.form)).subtracting(elsewhere)
    for call in TypedCall.all() {
      for candidate in try call.candidates() { missing.remove(candidate.form) }
    }
    #expect(missing.isEmpty)
  }

  @Test("take the accumulator's short forms")
  func accumulator() throws {
    #expect(try bytes { $0.add(.eax, 0x1234) } == [0x05, 0x34, 0x12, 0, 0])
    #expect(try bytes { $0.cmp(.al, 5) } == [0x3C, 5])
    #expect(try bytes { $0.sub(.rax, 0x1234) } == [0x48, 0x2D, 0x34, 0x12, 0, 0])
    #expect(try bytes { $0.xor(.ax, 0x1234) } == [0x66, 0x35, 0x34, 0x12])
    #expect(try bytes { $0.and(.eax, 5) } == [0x83, 0xE0, 5])
    #expect(try bytes { $0.test(.eax, 5) } == [0xA9, 5, 0, 0, 0])
    #expect(try bytes { $0.test(.al, 5) } == [0xA8, 5])
    #expect(try bytes { $0.test(.r8d, 5) } == [0x41, 0xF7, 0xC0, 5, 0, 0, 0])
    #expect(try bytes { $0.xchg(.rax, .r9) } == [0x49, 0x91])
    #expect(try bytes { $0.xchg(.edx, .eax) } == [0x92])
    #expect(try bytes { $0.xchg(.eax, .eax) } == [0x87, 0xC0])
    #expect(try bytes { $0.xchg(.al, .cl) } == [0x86, 0xC8])
  }

  @Test("take the shortest move of an immediate")
  func moveImmediate() throws {
    #expect(try bytes { $0.mov(.rax, 0) } == [0xB8, 0, 0, 0, 0])
    #expect(try bytes { $0.mov(.r9, 0xFFFF_FFFF) } == [0x41, 0xB9, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try bytes { $0.mov(.rax, -1) } == [0x48, 0xC7, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try bytes { $0.mov(.rax, -0x8000_0000) } == [0x48, 0xC7, 0xC0, 0, 0, 0, 0x80])
    #expect(try bytes { $0.mov(.rcx, 0x1_0000_0000) } == [0x48, 0xB9, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(try bytes { $0.mov(.rcx, -0x8000_0001) }.count == 10)
    #expect(try bytes { $0.mov(.ecx, -1) } == [0xB9, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try bytes { $0.mov(.cx, 0x1234) } == [0x66, 0xB9, 0x34, 0x12])
    #expect(try bytes { $0.mov(.sil, 0x12) } == [0x40, 0xB6, 0x12])
    #expect(try bytes { $0.mov(.rdx, address: .max) } == [0x48, 0xC7, 0xC2, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try bytes { $0.movabs(.rax, 1) } == [0x48, 0xB8, 1, 0, 0, 0, 0, 0, 0, 0])
    #expect(try bytes { $0.push(-1) } == [0x6A, 0xFF])
    #expect(try bytes { $0.push(128) } == [0x68, 0x80, 0, 0, 0])
  }

  @Test("reject operands that the table does not have, and emit nothing")
  func rejected() {
    let assembler = Assembler()
    #expect(throws: FormError.noSuchWidth(.leaRM, .byte)) {
      try assembler.encode(.leaRM, [.register(0), .memory(.base(.rax))], width: .byte)
    }
    #expect(throws: FormError.wrongCount(.ret, expected: 0)) { try assembler.encode(.ret, [.register(0)]) }
    #expect(throws: FormError.wrongOperand(.addRmI8, index: 1, expected: .immS8)) {
      try assembler.encode(.addRmI8, [.register(0), .immediate(128)])
    }
    #expect(throws: FormError.wrongOperand(.leaRM, index: 1, expected: .address)) {
      try assembler.encode(.leaRM, [.register(0), .register(1)], width: .qword)
    }
    #expect(throws: FormError.wrongCondition(.setRm8)) { try assembler.encode(.setRm8, [.register(0)]) }
    #expect(throws: FormError.wrongCondition(.ret)) { try assembler.encode(.ret, [], condition: .e) }
    #expect(assembler.offset == 0)
  }

  private func bytes(_ emit: (Assembler) -> Void) throws -> [UInt8] {
    let assembler = Assembler()
    emit(assembler)
    return try assembler.finish().bytes
  }
}
