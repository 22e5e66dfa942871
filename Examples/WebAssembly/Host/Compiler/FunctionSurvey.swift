import FtraceX86Assembler

/// What must be known of a body before its first instruction is compiled: how high its operand stack becomes, and which locals deserve a register.
struct FunctionSurvey: ~Copyable {
  /// For each local how often it is used, loops counting eightfold for each level.
  private(set) var weights = FlatStack<UInt32>()
  /// The same of calls.
  private(set) var callWeight: UInt32 = 0
  /// Whether a call may go to another instance.
  private(set) var leavesInstance = false
  /// The highest that the operand stack becomes.
  private(set) var height = 0

  private var depth: UInt32 = 0
  private var current = 0
  private var blocks = FlatStack<Block>(capacity: 16)

  /// A block that is open. (Not private: other files know the size of a survey by it.)
  struct Block: BitwiseCopyable {
    var isLoop: Bool
    var height: Int32
    var parameters: Int32
    var results: Int32
  }

  /// Of a function that catches exceptions, whose locals are in memory all, so that its frame is all that a landing needs.
  init(catching facts: FunctionFacts, layout: ModuleLayout, locals: Int) {
    for _ in 0..<locals { weights.push(0) }
    callWeight = 1
    leavesInstance = true
    // Beyond the operands: what a clause takes, and for each block an exception.
    height = facts.maximumOperands + layout.tagValues + 1 + facts.maximumFrames
  }

  init(layout: ModuleLayout, bytes: ModuleBytes, body: FunctionBody, type: TypeLayout) {
    let count = Int(type.parameterCount) + body.localCount
    for _ in 0..<count { weights.push(0) }
    var reader = BodyReader(bytes, at: body.code.lowerBound)
    blocks.push(Block(isLoop: false, height: 0, parameters: 0, results: type.resultCount))
    while blocks.count > 0 { visit(reader.opcode(), &reader, layout) }
  }

  private var weight: UInt32 { 1 << min(3 * depth, 15) }

  private static func add(_ weight: UInt32, to value: inout UInt32) {
    value = value.addingReportingOverflow(weight).overflow ? .max : value + weight
  }

  private mutating func change(_ popped: Int, _ pushed: Int) {
    current += pushed - popped
    height = max(height, current)
  }

  private mutating func visit(_ opcode: Opcode, _ reader: inout BodyReader, _ layout: ModuleLayout) {
    switch opcode {
    case .localGet, .localSet, .localTee:
      let index = reader.index()
      Self.add(weight, to: &weights[index])
      if opcode == .localGet { change(0, 1) } else if opcode == .localSet { change(1, 0) }
    case .block, .loop, .if: open(opcode, &reader, layout)
    case .else:
      let block = blocks[blocks.count - 1]
      current = Int(block.height + block.parameters)
    case .end:
      let block = blocks.pop()
      if block.isLoop { depth -= 1 }
      current = Int(block.height + block.results)
      height = max(height, current)
    case .call, .returnCall:
      let index = reader.index()
      leavesInstance = leavesInstance || index < layout.importedFunctions
      call(layout.types[Int(layout.functionTypes[index])], indirect: false)
      if opcode == .returnCall { skipUnreachable(&reader) }
    case .callIndirect, .returnCallIndirect:
      let type = reader.index()
      reader.skipImmediates(of: .call)
      leavesInstance = true
      call(layout.types[type], indirect: true)
      if opcode == .returnCallIndirect { skipUnreachable(&reader) }
    case .br, .brTable, .return, .unreachable, .throw, .throwRef:
      reader.skipImmediates(of: opcode)
      skipUnreachable(&reader)
    case .bulk: bulk(&reader)
    case .globalGet, .memorySize, .i32Const, .i64Const, .f32Const, .f64Const, .refNull, .refFunc:
      reader.skipImmediates(of: opcode)
      change(0, 1)
    case .memoryGrow:
      reader.skipImmediates(of: opcode)
      Self.add(weight, to: &callWeight)
    case .drop, .globalSet, .brIf:
      reader.skipImmediates(of: opcode)
      change(1, 0)
    case .select, .selectTyped:
      reader.skipImmediates(of: opcode)
      change(3, 1)
    case .tableSet:
      reader.skipImmediates(of: opcode)
      change(2, 0)
    default:
      reader.skipImmediates(of: opcode)
      switch opcode.rawValue {
      case Opcode.i32Store.rawValue...Opcode.i64Store32.rawValue: change(2, 0)
      case Opcode.i32Eq.rawValue...Opcode.i32GeU.rawValue, Opcode.i64Eq.rawValue...Opcode.f64Ge.rawValue,
        Opcode.i32Add.rawValue...Opcode.i32Rotr.rawValue, Opcode.i64Add.rawValue...Opcode.i64Rotr.rawValue,
        Opcode.f32Add.rawValue...Opcode.f32Copysign.rawValue, Opcode.f64Add.rawValue...Opcode.f64Copysign.rawValue:
        change(2, 1)
      default: break
      }
    }
  }

  private mutating func call(_ type: TypeLayout, indirect: Bool) {
    Self.add(weight, to: &callWeight)
    change(Int(type.parameterCount) + (indirect ? 1 : 0), Int(type.resultCount))
  }

  private mutating func open(_ opcode: Opcode, _ reader: inout BodyReader, _ layout: ModuleLayout) {
    let (parameters, results): (Int32, Int32)
    switch reader.blockType() {
    case .empty: (parameters, results) = (0, 0)
    case .value: (parameters, results) = (0, 1)
    case .function(let type):
      (parameters, results) = (layout.types[type].parameterCount, layout.types[type].resultCount)
    }
    if opcode == .if { change(1, 0) }
    if opcode == .loop { depth += 1 }
    blocks.push(
      Block(
        isLoop: opcode == .loop, height: Int32(current) - parameters, parameters: parameters, results: results))
  }

  private mutating func bulk(_ reader: inout BodyReader) {
    let opcode = reader.bulkOpcode()
    for _ in 0..<opcode.indices { reader.skipImmediates(of: .call) }
    switch opcode {
    case .memoryInit, .memoryCopy, .memoryFill, .tableInit, .tableCopy, .tableFill: change(3, 0)
    case .tableGrow: change(2, 1)
    case .tableSize: change(0, 1)
    case .dataDrop, .elemDrop: break
    default: return
    }
    Self.add(weight, to: &callWeight)
  }

  /// Steps over what cannot be reached, up to the `else` or `end` that closes the block.
  private func skipUnreachable(_ reader: inout BodyReader) {
    var nested = 0
    while true {
      let next = reader.next
      if nested == 0, next == Opcode.else.rawValue || next == Opcode.end.rawValue { return }
      let opcode = reader.opcode()
      switch opcode {
      case .block, .loop, .if, .try, .tryTable: nested += 1
      case .end: nested -= 1
      default: break
      }
      reader.skipImmediates(of: opcode)
    }
  }
}
