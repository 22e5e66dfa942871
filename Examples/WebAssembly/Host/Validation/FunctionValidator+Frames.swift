extension FunctionValidator {
  /// Enters a block. Its parameters are on the stack: they were popped by whoever calls this, and are pushed again.
  mutating func pushFrame(_ kind: ControlFrame.Kind, _ signature: Signature) throws(WasmModuleError) {
    height = operands.count
    isUnreachable = false
    frames.append(ControlFrame(kind: kind, isUnreachable: false, height: height, signature: signature))
    facts.maximumFrames = max(facts.maximumFrames, frames.count)
    try push(signature.parameters)
  }

  /// Leaves the innermost block: its results are what is left on the stack, and are taken.
  mutating func popFrame() throws(WasmModuleError) -> ControlFrame {
    guard let frame = frames.last else { throw .malformed("END opcode expected", at: place) }
    try pop(frame.signature.results)
    guard operands.count == height else {
      throw .invalid("type mismatch: values remain on the stack at the end of a block", at: place)
    }
    frames.removeLast()
    if let outer = frames.last {
      height = outer.height
      isUnreachable = outer.isUnreachable
    }
    return frame
  }

  /// What follows cannot be reached up to the end of the block.
  mutating func setUnreachable() {
    operands.truncate(to: height)
    isUnreachable = true
    frames[frames.count - 1].isUnreachable = true
  }

  /// Reads a label: 0 is the innermost block.
  mutating func label() throws(WasmModuleError) -> ControlFrame {
    let index = Int(try reader.u32())
    guard index < frames.count else { throw .invalid("unknown label \(index)", at: place) }
    return frames[frames.count - 1 - index]
  }

  mutating func blockSignature() throws(WasmModuleError) -> Signature {
    switch try reader.blockType() {
    case .empty: return Signature(parameters: .empty, results: .empty)
    case .value(let type): return Signature(parameters: .empty, results: context.list(of: type))
    case .function(let index):
      guard index < context.signatures.count else { throw .invalid("unknown type \(index)", at: place) }
      return context.signatures[index]
    }
  }

  mutating func block(_ kind: ControlFrame.Kind) throws(WasmModuleError) {
    let signature = try blockSignature()
    if kind == .ifThen { try pop(.i32) }
    try pop(signature.parameters)
    try pushFrame(kind, signature)
  }

  mutating func elseBranch() throws(WasmModuleError) {
    guard frames.last?.kind == .ifThen else { throw .malformed("ELSE without an open if", at: place) }
    let frame = try popFrame()
    try pushFrame(.ifElse, frame.signature)
  }

  mutating func end() throws(WasmModuleError) {
    let frame = try popFrame()
    if frame.kind == .ifThen, !areEqual(frame.signature.parameters, frame.signature.results) {
      throw .invalid("type mismatch: an if without else gives back what it takes", at: place)
    }
    // The function's own results are on nobody's stack.
    if !frames.isEmpty { try push(frame.signature.results) }
  }

  mutating func branchTable() throws(WasmModuleError) {
    let count = try reader.count(atMost: ImplementationLimits.branchTableEntries, of: "labels in a br_table")
    try pop(.i32)
    // Neighbours often go to the same types: those are not compared again.
    var checked: TypeList?
    for _ in 0..<count {
      let types = try label().labelTypes
      try checkLabel(types, after: checked)
      checked = types
    }
    let types = try label().labelTypes
    try checkLabel(types, after: checked)
    setUnreachable()
  }

  private func checkLabel(_ types: TypeList, after checked: TypeList?) throws(WasmModuleError) {
    if let checked {
      if checked.start == types.start, checked.count == types.count { return }
      guard checked.count == types.count else {
        throw .invalid("type mismatch: labels of a br_table take different numbers of values", at: place)
      }
    }
    try check(types)
  }
}
