import FtraceDisassembly
import Testing

@Suite("Disassembler")
struct DisassemblerTests {
  @Test("structured operands")
  func operands() throws {
    // lock xadd dword ptr fs:[rax + rcx*4 + 8], edx
    let bytes: [UInt8] = [0x64, 0xF0, 0x0F, 0xC1, 0x54, 0x88, 0x08]
    let instruction = try #require(try Disassembler().decodeFirst(bytes, at: 0x1000))
    #expect(instruction.mnemonic == "lock xadd" && instruction.bytes == bytes && instruction.length == 7)
    #expect(instruction.operands.count == 2)
    guard case .memory(let memory) = instruction.operands[0].kind else {
      Issue.record("the first operand is memory")
      return
    }
    #expect(memory.base?.name == "rax" && memory.index?.name == "rcx" && memory.scale == 4)
    #expect(memory.displacement == 8 && memory.segment == .fs && instruction.operands[0].size == 4)
    guard case .register(let register) = instruction.operands[1].kind else {
      Issue.record("the second operand is a register")
      return
    }
    #expect(register.name == "edx")
  }

  @Test("targets and groups of calls, jumps and returns")
  func control() throws {
    let bytes: [UInt8] = [
      0xE8, 0xFB, 0xFF, 0xFF, 0xFF, 0x74, 0x02, 0xFF, 0x15, 0x10, 0, 0, 0, 0xC3, 0xCC, 0x0F, 0x1F, 0x44, 0, 0,
    ]
    let instructions = try Disassembler().decode(bytes, at: 0x1000)
    #expect(
      instructions.map(\.text) == [
        "call 0x1000", "je 0x1009", "call qword ptr [rip + 0x10]", "ret", "int3", "nop dword ptr [rax + rax]",
      ])
    #expect(instructions.map(\.target) == [0x1000, 0x1009, nil, nil, nil, nil])
    #expect(instructions[0].groups.contains([.call, .relative]))
    #expect(instructions[1].groups.contains(.jump))
    #expect(instructions[2].ripRelativeAddress == 0x101D)
    #expect(instructions[3].groups.contains(.return) && instructions[4].groups.contains(.interrupt))
    #expect(instructions[5].length == 5)
    #expect(instructions.map(\.address) == [0x1000, 0x1005, 0x1007, 0x100D, 0x100E, 0x100F])
  }

  @Test("bytes that are no instruction are covered, one by one")
  func invalid() throws {
    let disassembler = try Disassembler()
    let instructions = disassembler.decode([0x06, 0x90, 0x0F], at: 0x10)
    #expect(instructions.map(\.text) == [".byte 0x6", "nop", ".byte 0xf"])
    #expect(instructions.map(\.isValid) == [false, true, false])
    #expect(instructions.map(\.address) == [0x10, 0x11, 0x12])
    #expect(disassembler.decode([]).isEmpty)
    #expect(disassembler.decodeFirst([]) == nil)
    #expect(disassembler.decodeFirst([0x06]) == nil)
  }

  @Test("a listing has addresses, bytes, text and names")
  func listing() throws {
    let bytes: [UInt8] = [0xE8, 0x00, 0x00, 0x00, 0x00, 0xC3]
    let text = try Disassembler().listing(bytes, at: 0xFFFF_0000) { address in
      address == 0xFFFF_0000 ? "start" : address == 0xFFFF_0005 ? "end" : nil
    }
    #expect(
      text == """
        start:
        ffff0000  e8 00 00 00 00                call 0xffff0005  ; end
        end:
        ffff0005  c3                            ret

        """)
  }
}
