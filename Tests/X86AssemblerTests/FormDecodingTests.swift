import FtraceDisassembly
import FtraceX86Assembler
import Testing

/// Every form of the table, decoded by capstone and compared as structured operands.
@Suite("Forms against capstone")
struct FormDecodingTests {
  @Test("decode to their operands", arguments: Form.allCases)
  func decode(_ form: Form) throws {
    // The prefix alone is no instruction; it is tried with the locked instructions.
    if form == .lockPrefix { return }
    let row = form.row
    let disassembler = try Disassembler()
    // Every base with every edge displacement for all; indexes too for one form of each shape, because their encoder is shared.
    let thorough: Set<Form> = [.movRmR, .addRmI, .leaRM, .movsdXXm, .movzxRRm8, .imulRRmI8, .cmovRRm, .pinsrXRm]
    let memory = OperandSamples.bases + (thorough.contains(form) ? OperandSamples.indexed : OperandSamples.few)
    for width in row.operandWidths {
      let conditions: [Condition?] = row.condition ? Condition.allCases : [nil]
      for condition in conditions {
        let all = OperandSamples.combinations(row, width, memory: memory)
        // Sixteen conditions do not each need all combinations.
        let some = condition.map { c in all.enumerated().filter { $0.offset % 16 == Int(c.rawValue) }.map(\.element) }
        for operands in some ?? all {
          if form == .xchgAccR && operands[0] == .register(0) { continue }
          let assembler = Assembler()
          try assembler.encode(form, operands, width: width, condition: condition)
          let bytes = try assembler.finish().bytes
          let instruction = try #require(disassembler.decodeFirst(bytes, at: 0x4000_0000), "\(row): \(bytes)")
          let problem = Expectation(row, width, condition, operands).problem(instruction, bytes)
          if let problem {
            Issue.record(
              "\(row.text(operands, width: width, condition: condition)) is \(bytes), decoded as \(instruction): \(problem)"
            )
            return
          }
        }
      }
    }
  }
}
