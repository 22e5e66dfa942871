import CFtraceWasm
import FtraceX86Assembler

/// Exceptions. Behind each call within the body of a `try` stands a NOP of seven bytes whose operand says how far away the landing is: who throws walks
/// along the frames and looks for one. A landing finds the exception in `rax`, and `rbp`; all else it loads from the frame.
extension FunctionCompiler {
  // MARK: - Throwing

  mutating func throwTag(_ tag: Int) {
    let type = layout.types[Int(layout.tagTypes[tag])]
    let count = Int(type.parameterCount)
    let first = stack.count - count
    if count > 0 { a.mov(.r11, .base(Registers.context)) }
    for index in 0..<count { storeKeepingScratch(stack[first + index], .r11, Int32(index) * 8) }
    a.mov(.rsi, .base(Registers.context, layout.tag(tag)))
    a.mov(.edx, Int32(count))
    a.call(stubs.throwTag)
    markLanding()
    stop()
  }

  mutating func throwReference() {
    let operand = pop()
    load(operand, into: 6)
    release(operand)
    throwAgain(marked: true)
    stop()
  }

  mutating func rethrow(_ depth: Int) {
    a.mov(.rsi, exception(control.count - 1 - depth))
    throwAgain(marked: true)
    stop()
  }

  /// Throws the exception in `rsi`.
  private mutating func throwAgain(marked: Bool) {
    a.call(stubs.throwReference)
    if marked { markLanding() }
  }

  // MARK: - Landings

  /// The slot of the exception that a block has caught.
  private func exception(_ block: Int) -> Mem { operandSlot(survey.height - facts.maximumFrames + block) }

  /// Behind a call: says where exceptions land, if they do in this function.
  mutating func markLanding() {
    guard facts.catchesExceptions, let region = region(from: control.count - 1) else { return }
    let here = a.here()
    a.bytes([0x0F, 0x1F, 0x80])
    a.distance(from: here, to: landing(region))
  }

  /// The innermost block, from one on outwards, whose body is a `try`'s.
  private func region(from block: Int) -> Int? {
    var index = block
    while index >= 0 {
      if control[index].kind == .tryBody || control[index].kind == .tryTable { return index }
      index -= 1
    }
    return nil
  }

  private mutating func landing(_ block: Int) -> Label {
    if control[block].landing == BlockFrame.noLabel { control[block].landing = a.label().id }
    return a.label(numbered: control[block].landing)
  }

  /// Where an exception arrives: the frame is as it was at the call.
  private mutating func land(_ frame: BlockFrame, _ block: Int) {
    a.bind(a.label(numbered: frame.landing))
    a.lea(.rsp, .base(.rbp, -frameBytes))
    a.mov(Registers.context, contextSlot)
    a.mov(Registers.memory, .base(Registers.context, Int32(FTRACE_WASM_CONTEXT_MEMORY_BASE)))
    a.mov(exception(block), .rax)
    a.call(stubs.landed)
  }

  /// Goes on with the exception's values on the stack if it has a tag, else at a label.
  private mutating func match(_ tag: Int, _ block: Int, otherwise: Label) {
    a.mov(.rax, exception(block))
    a.mov(.r11, .base(Registers.context, layout.tag(tag)))
    a.cmp(.base(.rax), .r11)
    a.j(.ne, otherwise)
    let type = layout.types[Int(layout.tagTypes[tag])]
    for index in 0..<Int(type.parameterCount) {
      let value = layout.places[Int(type.firstParameter) + index].type
      a.movsd(.xmm15, .base(.rax, Int32(FTRACE_WASM_EXCEPTION_VALUES) + Int32(index) * 8))
      a.movsd(operandSlot(stack.count), .xmm15)
      push(.slot(value, stack.count))
    }
  }

  // MARK: - try, catch, delegate

  mutating func tryBody() {
    let signature = signature()
    settle(to: base)
    open(.tryBody, signature)
  }

  /// Brings results to the end of a block that goes on behind other code.
  private mutating func leaveBlock(_ block: Int) {
    guard isReachable else { return }
    joinValues(control[block])
    a.jmp(a.label(numbered: control[block].label))
    control[block].isTarget = true
  }

  /// A clause of a `try`: for one tag, or for all exceptions.
  mutating func catchClause(tag: Int?) {
    let block = control.count - 1
    leaveBlock(block)
    let frame = control[block]
    control[block].kind = .catching
    control[block].next = BlockFrame.noLabel
    truncate(to: Int(frame.height))
    // Nothing in the body throws, or all exceptions were caught by the clause before.
    isReachable = frame.landing != BlockFrame.noLabel && (frame.kind == .tryBody || frame.next != BlockFrame.noLabel)
    guard isReachable else { return }
    if frame.kind == .tryBody { land(frame, block) } else { a.bind(a.label(numbered: frame.next)) }
    guard let tag else { return }
    let next = a.label()
    control[block].next = next.id
    match(tag, block, otherwise: next)
  }

  mutating func delegate(_ depth: Int) {
    let block = control.count - 1
    let frame = control[block]
    if frame.landing != BlockFrame.noLabel {
      leaveBlock(block)
      truncate(to: Int(frame.height))
      // The label of the body stands for the caller.
      if let region = region(from: block - 1 - depth) {
        a.bind(a.label(numbered: frame.landing))
        a.jmp(landing(region))
      } else {
        land(frame, block)
        a.mov(.rsi, exception(block))
        throwAgain(marked: false)
      }
      isReachable = false
    }
    close(control[block])
  }

  mutating func tryTable() {
    let signature = signature()
    let clauses = reader.offset
    for _ in 0..<reader.index() { _ = reader.catchClause() }
    settle(to: base)
    open(.tryTable, signature)
    control[control.count - 1].clauses = Int32(clauses)
  }

  /// The end of a `try` or a `try_table`, whatever clauses it had.
  mutating func endTry(_ frame: BlockFrame) {
    let block = control.count - 1
    let isOpen = frame.kind == .catching ? frame.next != BlockFrame.noLabel : frame.landing != BlockFrame.noLabel
    guard isOpen else {
      close(frame)
      return
    }
    leaveBlock(block)
    let frame = control[block]
    truncate(to: Int(frame.height))
    control.truncate(to: block)
    isReachable = true
    if frame.kind == .catching { a.bind(a.label(numbered: frame.next)) } else { land(frame, block) }
    if frame.kind != .tryTable || !runClauses(frame, block) {
      a.mov(.rsi, exception(block))
      throwAgain(marked: true)
    }
    isReachable = false
    if frame.isTarget { join(frame) }
  }

  /// The clauses of a `try_table`. Whether they catch everything.
  private mutating func runClauses(_ frame: BlockFrame, _ block: Int) -> Bool {
    var clauses = BodyReader(bytes, at: Int(frame.clauses))
    for _ in 0..<clauses.index() {
      let clause = clauses.catchClause()
      let next = a.label()
      if let tag = clause.tag { match(tag, block, otherwise: next) }
      if clause.kind.hasReference {
        a.mov(.rax, exception(block))
        a.mov(operandSlot(stack.count), .rax)
        push(.slot(.exnref, stack.count))
      }
      let target = aim(clause.label)
      joinValues(target)
      a.jmp(a.label(numbered: target.label))
      truncate(to: Int(frame.height))
      a.bind(next)
      if !clause.kind.hasTag { return true }
    }
    return false
  }

  /// The end of a block that is like any other.
  private mutating func close(_ frame: BlockFrame) {
    if frame.isTarget { join(frame) }
    control.truncate(to: control.count - 1)
  }
}
