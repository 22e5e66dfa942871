import FtraceX86Assembler

/// Blocks. Where one begins, all operands below have settled; at its end its single result is in `rax` or `xmm0`, several are in their slots.
/// Branches to a loop leave its parameters in their slots.
extension FunctionCompiler {
  mutating func signature() -> BlockSignature {
    switch reader.blockType() {
    case .empty: BlockSignature()
    case .value(let type): BlockSignature(resultCount: 1, single: type)
    case .function(let index):
      BlockSignature(
        parameterCount: layout.types[index].parameterCount, resultCount: layout.types[index].resultCount,
        type: Int32(index))
    }
  }

  func parameter(_ index: Int, of signature: BlockSignature) -> ValueType {
    layout.places[Int(layout.types[Int(signature.type)].firstParameter) + index].type
  }

  func result(_ index: Int, of frame: BlockFrame) -> ValueType {
    if frame.kind == .function { return layout.results[Int(type.firstResult) + index] }
    if frame.type.type < 0 { return frame.type.single }
    return layout.results[Int(layout.types[Int(frame.type.type)].firstResult) + index]
  }

  // MARK: - Opening

  mutating func block() {
    let signature = signature()
    settle(to: base)
    open(.block, signature)
  }

  mutating func loop() {
    let signature = signature()
    settle(to: base)
    forceParameters(signature)
    open(.loop, signature)
    a.bind(a.label(numbered: control[control.count - 1].label))
    a.poll()
  }

  /// An `if` whose condition is in the flags.
  mutating func ifThen(_ condition: Condition) {
    let signature = signature()
    settle(to: base)
    forceParameters(signature)
    open(.ifThen, signature)
    let otherwise = a.label()
    control[control.count - 1].otherwise = otherwise.id
    a.j(condition.inverted, otherwise)
  }

  /// The height from which operands may be anywhere.
  var base: Int { control.count == 0 ? 0 : Int(control[control.count - 1].height) }

  mutating func open(_ kind: BlockFrame.Kind, _ signature: BlockSignature) {
    control.push(
      BlockFrame(
        kind: kind, label: a.label().id, height: Int32(stack.count) - signature.parameterCount, type: signature))
  }

  /// Parameters that more than one way brings are in memory, constants too. Flags stay as they are.
  private mutating func forceParameters(_ signature: BlockSignature) {
    for height in (stack.count - Int(signature.parameterCount))..<stack.count {
      let operand = stack[height]
      guard operand.kind == .constant else { continue }
      store(operand, to: operandSlot(height))
      stack[height] = .slot(operand.type, height)
    }
  }

  // MARK: - Closing

  mutating func elseBranch() {
    let top = control.count - 1
    let frame = control[top]
    guard frame.kind == .ifThen else { return }  // of a block that cannot be reached
    if isReachable {
      joinValues(frame)
      a.jmp(a.label(numbered: frame.label))
      control[top].isTarget = true
    }
    control[top].kind = .ifElse
    a.bind(a.label(numbered: frame.otherwise))
    resume(frame)
  }

  /// Code goes on with an `if`'s parameters, in their slots.
  private mutating func resume(_ frame: BlockFrame) {
    truncate(to: Int(frame.height))
    for index in 0..<Int(frame.type.parameterCount) {
      push(.slot(parameter(index, of: frame.type), Int(frame.height) + index))
    }
    isReachable = true
  }

  mutating func end() {
    let frame = control[control.count - 1]
    guard frame.isReachable else {
      control.truncate(to: control.count - 1)
      return
    }
    switch frame.kind {
    case .tryBody, .catching, .tryTable:
      endTry(frame)
      return
    case .function:
      if isReachable { joinValues(frame) }
      truncate(to: 0)
    case .loop: break  // nothing branches to its end
    case .block, .ifElse:
      if frame.isTarget { join(frame) }
    case .ifThen:
      if isReachable {
        joinValues(frame)
        if frame.type.resultCount > 0 { a.jmp(a.label(numbered: frame.label)) }
      }
      a.bind(a.label(numbered: frame.otherwise))
      resume(frame)
      join(frame)
    }
    control.truncate(to: control.count - 1)
  }

  /// Brings the results to where branches bring them, if the end can be reached without one, and goes on from there.
  mutating func join(_ frame: BlockFrame) {
    if isReachable { joinValues(frame) }
    a.bind(a.label(numbered: frame.label))
    truncate(to: Int(frame.height))
    isReachable = true
    if frame.type.resultCount == 1 {
      let type = result(0, of: frame)
      if type.isFloat { freeVectors.remove(RegisterSet(0)) } else { freeGeneral.remove(RegisterSet(0)) }
      push(.register(type, 0))
    } else {
      for index in 0..<Int(frame.type.resultCount) { push(.slot(result(index, of: frame), stack.count)) }
    }
  }

  // MARK: - Branches

  private func arity(_ frame: BlockFrame) -> Int {
    Int(frame.kind == .loop ? frame.type.parameterCount : frame.type.resultCount)
  }

  /// Moves the operands that go along to where the target wants them. The compiler's own view stays as it was.
  func joinValues(_ frame: BlockFrame) {
    let count = arity(frame)
    let first = stack.count - count
    if frame.kind == .function {
      returnValues()
    } else if count == 1, frame.kind != .loop {
      load(stack[first], into: 0)
    } else {
      // In this order no slot is written that is still to be read: an operand's own is never below where it goes.
      for index in 0..<count where stack[first + index].kind != .slot || first != Int(frame.height) {
        store(stack[first + index], to: operandSlot(Int(frame.height) + index))
      }
    }
  }

  /// Puts the results where callers find them.
  private func returnValues() {
    let count = Int(type.resultCount)
    if count == 0 { return }
    let first = stack.count - count
    if count > 1 {
      a.mov(.r11, .base(Registers.context))
      for index in 1..<count { storeKeepingScratch(stack[first + index], .r11, Int32(index) * 8) }
    }
    load(stack[first], into: 0)
  }

  /// Stores an operand without `r11`.
  func storeKeepingScratch(_ operand: Operand, _ base: Reg64, _ displacement: Int32) {
    let target = Mem.base(base, displacement)
    if let source = register(of: operand) {
      store(operand.type, target, source)
    } else if let memory = memory(of: operand) {
      load(operand.type.isWide ? .f64 : .f32, 15, memory)
      store(operand.type.isWide ? .f64 : .f32, target, 15)
    } else {
      a.mov(.dword, target, Int32(truncatingIfNeeded: operand.bits))
      if operand.type.isWide {
        a.mov(.dword, .base(base, displacement + 4), Int32(truncatingIfNeeded: operand.bits >> 32))
      }
    }
  }

  /// Nothing that follows can be reached, up to the end of the block.
  mutating func stop() {
    truncate(to: base)
    isReachable = false
  }

  mutating func aim(_ depth: Int) -> BlockFrame {
    let index = control.count - 1 - depth
    control[index].isTarget = true
    return control[index]
  }

  mutating func branch(_ depth: Int) {
    let frame = aim(depth)
    joinValues(frame)
    a.jmp(a.label(numbered: frame.label))
    stop()
  }

  mutating func returnFromFunction() {
    returnValues()
    // Nothing to jump over at the end of the body.
    let isLast = control.count == 1 && reader.next == Opcode.end.rawValue
    if !isLast { a.jmp(returnLabel) }
    stop()
  }

  /// A branch whose condition is in the flags.
  mutating func branchIf(_ condition: Condition) {
    let frame = aim(reader.index())
    if needsNoMoves(frame) {
      a.j(condition, a.label(numbered: frame.label))
      return
    }
    let skip = a.label()
    a.j(condition.inverted, skip)
    joinValues(frame)
    a.jmp(a.label(numbered: frame.label))
    a.bind(skip)
  }

  private func needsNoMoves(_ frame: BlockFrame) -> Bool {
    let count = arity(frame)
    if count == 0 { return true }
    if count == 1, frame.kind != .loop, frame.kind != .function {
      return stack[stack.count - 1].kind == .register && stack[stack.count - 1].register == 0
    }
    return false
  }

  mutating func branchTable() {
    var index = pop()
    let register = use(&index)
    let count = reader.index()
    let (table, temporary) = (a.label(), takeGeneral())
    var stubs: [(stub: Label, frame: BlockFrame)] = []
    // Depths of the targets, the default last.
    var targets: [Label] = []
    targets.reserveCapacity(count + 1)
    for _ in 0...count {
      let frame = aim(reader.index())
      if needsNoMoves(frame) {
        targets.append(a.label(numbered: frame.label))
      } else {
        let stub = a.label()
        stubs.append((stub, frame))
        targets.append(stub)
      }
    }
    a.cmp(register.r32, Int32(truncatingIfNeeded: count))
    a.j(.ae, targets[count])
    if count > 0 {
      a.lea(.r11, .rip(table))
      a.movsxd(temporary.r64, .base(.r11, index: IndexRegister(register.r64), scale: .x4))
      a.add(.r11, temporary.r64)
      a.jmp(.r11)
      a.align(4)
      a.bind(table)
      for target in targets.dropLast() { a.distance(from: table, to: target) }
    } else {
      a.jmp(targets[0])
      a.bind(table)
    }
    release(index)
    release(.register(.i32, temporary))
    for (stub, frame) in stubs {
      a.bind(stub)
      joinValues(frame)
      a.jmp(a.label(numbered: frame.label))
    }
    stop()
  }
}
