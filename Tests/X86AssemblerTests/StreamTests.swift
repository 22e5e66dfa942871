import FtraceDisassembly
import FtraceX86Assembler
import Testing

/// Random instructions one after another: nothing that one leaves behind disturbs the next, however the memory grows.
@Suite("Streams of instructions")
struct StreamTests {
  @Test("random instructions decode in step", arguments: 0..<16)
  func random(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(1000 + seed))
    let rows = Form.table.filter { $0.form != .lockPrefix && $0.form != .xchgAccR }
    let memory = OperandSamples.bases + OperandSamples.indexed
    let assembler = Assembler()
    var expectations: [Expectation] = []
    for _ in 0..<600 {
      let row = rows.randomElement(using: &generator)!
      let width = row.operandWidths.randomElement(using: &generator)!
      let condition = row.condition ? Condition.allCases.randomElement(using: &generator)! : nil
      let operands = row.operands.map {
        OperandSamples.operands($0, width, memory: memory).randomElement(using: &generator)!
      }
      try assembler.encode(row.form, operands, width: width, condition: condition)
      expectations.append(Expectation(row, width, condition, operands))
    }
    let instructions = try Disassembler().decode(try assembler.finish().bytes, at: 0x4000_0000)
    #expect(instructions.count == expectations.count)
    for (expectation, instruction) in zip(expectations, instructions) {
      let problem = expectation.problem(instruction, instruction.bytes)
      #expect(problem == nil, "\(expectation.row) \(expectation.operands), decoded as \(instruction)")
    }
  }

  @Test("memory grows under every kind of emission")
  func growth() throws {
    let a = Assembler()
    var expected: [UInt8] = []
    // Sizes around the first allocation, one byte at a time, and far beyond it.
    for size in Array(980...1040) + [10_000] {
      a.reset()
      a.bytes([UInt8](repeating: 7, count: size))
      a.movabs(.rax, -1)
      a.nop(3000)
      a.bytes(UInt64(0x0102_0304_0506_0708))
      expected = [UInt8](repeating: 7, count: size) + [0x48, 0xB8] + [UInt8](repeating: 0xFF, count: 8)
      let bytes = try a.finish().bytes
      #expect(bytes.count == size + 10 + 3000 + 8)
      #expect(Array(bytes.prefix(size + 10)) == expected)
      #expect(Array(bytes.suffix(8)) == [8, 7, 6, 5, 4, 3, 2, 1])
    }
    a.reset()
    let (start, end) = (a.here(), a.label("end"))
    a.jmp(end)
    for _ in 0..<100_000 { a.add(.rax, 0x1234) }
    a.bind(end)
    a.j(.ne, start)
    let code = try a.finish()
    #expect(code.bytes.count == 5 + 600_000 + 6)
    #expect(Array(code.bytes.prefix(5)) == [0xE9, 0xC0, 0x27, 0x09, 0x00])
  }

  @Test("NOPs of every length are single instructions up to nine bytes")
  func nops() throws {
    let disassembler = try Disassembler()
    for count in 0...40 {
      let a = Assembler()
      a.nop(count)
      let instructions = disassembler.decode(try a.finish().bytes)
      #expect(instructions.count == (count + 8) / 9)
      #expect(instructions.reduce(0) { $0 + $1.length } == count)
      #expect(instructions.allSatisfy { $0.mnemonic == "nop" })
    }
  }
}
