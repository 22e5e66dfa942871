import FtraceDisassembly
import FtraceX86Assembler
import Testing

@Suite("Labels and relaxation")
struct LabelTests {
  @Test("a branch is short up to the edge of its reach, and near beyond")
  func edges() throws {
    // Backward: the displacement of a two-byte branch is the filling and the branch itself.
    for (filling, length) in [(0, 2), (126, 2), (127, 6)] {
      let a = Assembler()
      let back = a.here()
      a.nop(filling)
      a.j(.e, back)
      let code = try a.finish()
      #expect(code.bytes.count == filling + length)
    }
    // Forward.
    for (filling, length) in [(0, 2), (127, 2), (128, 5)] {
      let a = Assembler()
      let forward = a.label()
      a.jmp(forward)
      a.nop(filling)
      a.bind(forward)
      let code = try a.finish()
      #expect(code.bytes.count == filling + length)
      #expect(code.offset(of: forward) == filling + length)
    }
  }

  @Test("the exact bytes of branches")
  func bytes() throws {
    let a = Assembler()
    let (start, end) = (a.here("start"), a.label("end"))
    a.jmp(end)
    a.j(.g, start)
    a.call(start)
    a.jrcxz(end)
    a.bind(end)
    #expect(try a.finish().bytes == [0xEB, 9, 0x7F, 0xFC, 0xE8, 0xF7, 0xFF, 0xFF, 0xFF, 0xE3, 0])
    a.nop(200)
    a.jmp(start)
    a.j(.a, start)
    let bytes = try a.finish().bytes.suffix(11)
    #expect(Array(bytes) == [0xE9, 0x28, 0xFF, 0xFF, 0xFF, 0x0F, 0x87, 0x22, 0xFF, 0xFF, 0xFF])
  }

  @Test("a branch that becomes near pushes another out of reach")
  func chain() throws {
    // The first branch is in reach only while the second is short.
    let a = Assembler()
    let (first, second) = (a.label(), a.label())
    a.jmp(first)
    a.jmp(second)
    a.nop(125)
    a.bind(first)
    a.nop(100)
    a.bind(second)
    let code = try a.finish()
    #expect(code.bytes.count == 5 + 5 + 225)
    #expect(code.bytes.prefix(10) == [0xE9, 130, 0, 0, 0, 0xE9, 225, 0, 0, 0])
  }

  @Test("alignment follows what shrinks before it")
  func alignment() throws {
    let a = Assembler()
    let (before, after, end) = (a.label(), a.label(), a.label())
    a.jmp(end)
    a.bind(before)
    a.align(16)
    a.bind(after)
    a.ret()
    a.align(32)
    a.bind(end)
    let code = try a.finish()
    #expect(code.labelOffsets == [2, 16, 32])
    #expect(code.rawReturns == [16])
    #expect(code.alignment == 32)
    #expect(code.bytes.count == 32)
  }

  @Test("labels, relocations, references and returns move together")
  func everythingMoves() throws {
    let a = Assembler()
    let (far, data, symbol) = (a.label(), a.label(), Symbol(rawValue: 7))
    a.jmp(far)
    a.ret()
    a.call(symbol)
    a.lea(.rax, .rip(data))
    a.bind(far)
    a.cmp(.dword, .rip(symbol, 4), 1000)
    a.bind(data)
    a.quad(symbol, addend: -1)
    a.distance(from: far, to: data)
    let code = try a.finish()
    // 0 jmp, 2 ret, 3 call, 8 lea, 15 cmp, 25 quad, 33 distance
    #expect(code.rawReturns == [2])
    #expect(
      code.relocations == [
        Relocation(offset: 4, symbol: symbol, addend: -4, kind: .pcRelative32),
        Relocation(offset: 17, symbol: symbol, addend: -4, kind: .pcRelative32),
        Relocation(offset: 25, symbol: symbol, addend: -1, kind: .absolute64),
      ])
    #expect(code.bytes[1] == 13)
    #expect(Array(code.bytes[11..<15]) == [10, 0, 0, 0])
    #expect(Array(code.bytes[33...]) == [10, 0, 0, 0])
  }

  @Test("a rip-relative operand counts from the instruction's end, whatever follows it")
  func trailingImmediate() throws {
    let disassembler = try Disassembler()
    let a = Assembler()
    let data = a.label("data")
    a.cmp(.byte, .rip(data), 1)
    a.cmp(.dword, .rip(data, 8), 100_000)
    a.cmp(.word, .rip(data), 1000)
    a.mov(.qword, .rip(data), -1)
    a.imul(.eax, .rip(data), 3)
    a.movsd(.xmm9, .rip(data))
    a.pextrd(.rip(data), .xmm9, 1)
    a.bind(data)
    let code = try a.finish()
    let instructions = disassembler.decode(code.bytes, at: 0x1000)
    let target = UInt64(0x1000 + code.offset(of: data))
    #expect(instructions.map(\.ripRelativeAddress) == [0, 8, 0, 0, 0, 0, 0].map { target + $0 })
  }

  @Test("an unbound label is named, with the offset of its use")
  func unbound() throws {
    let a = Assembler()
    let (lost, end) = (a.label("lost"), a.label("end"))
    a.jmp(end)
    a.bind(end)
    a.jmp(lost)
    #expect(throws: AssemblerError.unboundLabel(name: "lost", offset: 5)) { try a.finish() }
    a.bind(lost)
    #expect(try a.finish().bytes == [0xEB, 0, 0xEB, 0])

    let b = Assembler()
    let unnamed = b.label()
    b.nop()
    b.lea(.rax, .rip(unnamed))
    #expect(throws: AssemblerError.unboundLabel(name: "L0", offset: 4)) { try b.finish() }
    let c = Assembler()
    c.distance(from: c.label("base"), to: c.here())
    #expect(throws: AssemblerError.unboundLabel(name: "base", offset: 0)) { try c.finish() }
  }

  @Test("a label out of reach is named, with the distance")
  func outOfReach() throws {
    let a = Assembler()
    let far = a.label("far")
    a.jrcxz(far)
    a.nop(128)
    a.bind(far)
    let error = AssemblerError.outOfReach(name: "far", offset: 1, distance: 128, bits: 8)
    #expect(throws: error) { try a.finish() }
    #expect("\(error)".contains("'far' is 128 bytes away"))
    let b = Assembler()
    let back = b.here("back")
    b.lea(.rax, .rip(back, .min))
    #expect(throws: AssemblerError.outOfReach(name: "back", offset: 3, distance: -7 - 0x8000_0000, bits: 32)) {
      try b.finish()
    }
  }

  @Test("binding twice traps, as does another assembler's label")
  func mistakes() async {
    await #expect(processExitsWith: .failure) {
      let a = Assembler()
      let label = a.here()
      a.bind(label)
    }
    await #expect(processExitsWith: .failure) {
      let a = Assembler()
      Assembler().bind(a.label())
    }
  }

  @Test("finish changes nothing, and reset forgets everything")
  func reuse() throws {
    let a = Assembler()
    let end = a.label()
    a.jmp(end)
    a.align(64)
    a.bind(end)
    a.call(Symbol(rawValue: 1))
    a.ret()
    let first = try a.finish()
    #expect(try a.finish() == first)
    a.reset()
    #expect(try a.finish() == Assembler().finish())
  }

  @Test("a label of another assembler traps, and so does one from before a reset")
  func foreignLabels() async {
    await #expect(processExitsWith: .failure) {
      let (a, b) = (Assembler(), Assembler())
      let label = a.label()
      _ = b.label()
      b.jmp(label)
    }
    await #expect(processExitsWith: .failure) {
      let (a, b) = (Assembler(), Assembler())
      let label = a.label()
      _ = b.label()
      b.lea(.rax, .rip(label))
    }
    await #expect(processExitsWith: .failure) {
      let a = Assembler()
      let label = a.label()
      a.reset()
      _ = a.label()
      a.bind(label)
    }
    await #expect(processExitsWith: .success) {
      let a = Assembler()
      _ = a.label()
      a.reset()
      let label = a.label()
      a.lea(.rax, .rip(label))
      a.bind(label)
      _ = try a.finish()
    }
  }
}
