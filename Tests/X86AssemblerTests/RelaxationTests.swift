import FtraceDisassembly
import FtraceX86Assembler
import Testing

/// Random programs of branches, fillings and alignments: every branch arrives, and none is longer than it has to be.
@Suite("Relaxation of random programs")
struct RelaxationTests {
  @Test("branches reach their labels in the shortest form", arguments: 0..<60)
  func random(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let aligned = seed % 2 == 0
    let a = Assembler()
    let labels = (0..<20).map { a.label("\($0)") }
    var unbound = labels[...]
    var branches: [Label] = []
    var fillings = 0
    for _ in 0..<200 {
      switch Int.random(in: 0..<(aligned ? 10 : 9), using: &generator) {
      case 0..<4:
        let label = labels.randomElement(using: &generator)!
        branches.append(label)
        if Bool.random(using: &generator) { a.jmp(label) } else { a.j(.ne, label) }
      case 4..<8:
        // One instruction of ten bytes each, so that a decoder stays in step.
        for _ in 0..<Int.random(in: 0..<4, using: &generator) {
          a.movabs(.rax, 1)
          fillings += 1
        }
      case 8: if let label = unbound.popFirst() { a.bind(label) }
      default: a.align(1 << Int.random(in: 0..<6, using: &generator))
      }
    }
    for label in unbound { a.bind(label) }
    let code = try a.finish()
    let instructions = try Disassembler().decode(code.bytes)
    let found = instructions.filter { $0.groups.contains(.jump) }
    #expect(found.count == branches.count)
    #expect(instructions.filter { $0.mnemonic == "movabs" }.count == fillings)
    #expect(instructions.allSatisfy { $0.isValid })
    for (instruction, label) in zip(found, branches) {
      let target = code.offset(of: label)
      #expect(instruction.target == UInt64(target))
      let end = Int(instruction.address) + instruction.length
      if instruction.length > 2 && !aligned {
        // As a short branch it would end earlier, and, going forward, bring its label nearer by as much.
        let saved = instruction.length - 2
        let distance = target < end ? target - (end - saved) : target - end
        #expect(Int8(exactly: distance) == nil, "a near branch at \(instruction.address) could be short")
      }
    }
  }

  @Test("the same branches do the same, short or near")
  func execution() throws {
    // A walk over labels in a scrambled order, each adding its digit; with much filling, branches are near.
    for filling in [0, 20, 200] {
      let order = [3, 0, 4, 1, 2]
      let machine = try Machine { a in
        let labels = (0...5).map { a.label("\($0)") }
        a.xor(.eax, .eax)
        a.jmp(labels[order[0]])
        for index in 0..<5 {
          a.align(16)
          a.bind(labels[index])
          a.imul(.rax, .rax, 10)
          a.add(.rax, Int32(index))
          let position = order.firstIndex(of: index)! + 1
          a.test(.rax, .rax)
          a.j(.ns, labels[position < 5 ? order[position] : 5])
          for _ in 0..<filling { a.ud2() }
        }
        a.bind(labels[5])
        a.mov(.slot(0), .rax)
      }
      #expect(machine.run([0]) == [30412])
    }
  }
}
