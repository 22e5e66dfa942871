import FtraceX86Assembler

/// The operands that a form is tried with: every register in every position, and memory operands that between them have every
/// base, index, scale, segment and edge displacement.
enum OperandSamples {
  static let displacements: [Int32] = [0, 1, -1, 127, 128, -128, -129, .max, .min]

  /// Every base with every edge displacement.
  static let bases: [Mem] = (0..<16).flatMap { base in
    displacements.map { Mem.base(Reg64(number: UInt8(base)), $0) }
  }

  /// Every base with every index, in turn with each scale and displacement; every index alone; absolute, segments.
  static let indexed: [Mem] = {
    var operands: [Mem] = []
    for base in 0..<16 {
      for index in 0..<16 where index != 4 {
        let step = base * 16 + index
        operands.append(
          .base(
            Reg64(number: UInt8(base)), index: IndexRegister(Reg64(number: UInt8(index))),
            scale: Mem.Scale.allCases[step % 4], displacements[step % 9]))
      }
    }
    for index in 0..<16 where index != 4 {
      for scale in Mem.Scale.allCases {
        operands.append(
          .index(IndexRegister(Reg64(number: UInt8(index))), scale: scale, displacements[(index + 3) % 9]))
      }
    }
    for displacement in displacements {
      operands += [.absolute(displacement), .fs(displacement), .gs(displacement)]
    }
    operands.append(.base(.r13, index: .r12, scale: .x8, 16).inSegment(.fs))
    operands.append(.base(.rsp).inSegment(.gs))
    return operands
  }()

  /// A few operands of every shape, for forms that share their encoder with forms tried with all.
  static let few: [Mem] = [
    .base(.rax), .base(.rsp, 8), .base(.rbp), .base(.r12, -129), .base(.r13), .base(.r9, index: .r10, scale: .x4, 127),
    .base(.rbp, index: .rax), .index(.r15, scale: .x8, 1), .absolute(0x1000), .fs(-8), .gs(16),
  ]

  static func immediates(_ kind: OperandKind, _ width: OperandWidth) -> [Int64] {
    let edges: [Int64] = [
      0, 1, -1, 2, 127, 128, -128, -129, 255, 256, 32767, -32768, 65535, 0x7FFF_FFFF, -0x8000_0000, 0x8000_0000,
      0x1_2345_6789, .max, .min,
    ]
    return edges.filter { kind.accepts(.immediate($0), width) }
  }

  /// The operands to try in one position.
  static func operands(_ kind: OperandKind, _ width: OperandWidth, memory: [Mem]) -> [FormOperand] {
    let registers = (0..<16).map { FormOperand.register(UInt8($0)) }
    let vectors = (0..<16).map { FormOperand.vector(XMM(number: UInt8($0))) }
    switch kind {
    case .reg, .reg32, .plus: return registers
    case .rm, .rm8, .rm16, .rm32, .reg32mem: return registers + memory.map { .memory($0) }
    case .memory, .address: return memory.map { .memory($0) }
    case .xmm, .xr: return vectors
    case .xm: return vectors + memory.map { .memory($0) }
    case .accumulator, .cl, .one: return [.implied]
    case .immS8, .immU8, .immU16, .imm, .immFull, .rel8, .rel32:
      return immediates(kind, width).map { .immediate($0) }
    }
  }

  /// Combinations in which every operand of every position occurs, and each of the first two positions' registers meets each
  /// of the other's.
  static func combinations(_ row: FormRow, _ width: OperandWidth, memory: [Mem]) -> [[FormOperand]] {
    let lists = row.operands.map { operands($0, width, memory: memory) }
    guard let longest = lists.map(\.count).max() else { return [[]] }
    var combinations: [[FormOperand]] = []
    var step = 0
    for index in 0..<longest {
      combinations.append(lists.enumerated().map { position, list in list[(index + position * 5) % list.count] })
    }
    if lists.count >= 2 {
      for first in lists[0].prefix(16) {
        for second in lists[1].prefix(16) {
          step += 1
          combinations.append([first, second] + lists.dropFirst(2).map { $0[step % $0.count] })
        }
      }
    }
    return combinations
  }
}
