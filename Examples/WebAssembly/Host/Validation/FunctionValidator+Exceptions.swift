// Both forms of exception handling: `try` with `catch`, and `try_table`.
extension FunctionValidator {
  mutating func tag() throws(WasmModuleError) -> TypeList {
    let index = Int(try reader.u32())
    guard index < context.tagTypes.count else { throw .invalid("unknown tag \(index)", at: place) }
    return context.tagTypes[index]
  }

  mutating func throwTag() throws(WasmModuleError) {
    try pop(try tag())
    setUnreachable()
  }

  mutating func rethrow() throws(WasmModuleError) {
    let kind = try label().kind
    guard kind == .catchOne || kind == .catchAll else {
      throw .invalid("invalid rethrow label", at: place)
    }
    setUnreachable()
  }

  mutating func catchHandler() throws(WasmModuleError) {
    let values = try tag()
    let signature = try closeTryBody()
    try pushFrame(.catchOne, Signature(parameters: values, results: signature.results))
  }

  mutating func catchAllHandler() throws(WasmModuleError) {
    let signature = try closeTryBody()
    try pushFrame(.catchAll, Signature(parameters: .empty, results: signature.results))
  }

  /// Ends the body of a `try`, or a handler that another may follow.
  private mutating func closeTryBody() throws(WasmModuleError) -> Signature {
    let kind = frames.last?.kind
    guard kind == .tryBody || kind == .catchOne else { throw .malformed("a catch without an open try", at: place) }
    return try popFrame().signature
  }

  mutating func delegate() throws(WasmModuleError) {
    guard frames.last?.kind == .tryBody else { throw .malformed("a delegate without an open try", at: place) }
    let frame = try popFrame()
    // Counted from outside the try; the function itself is a label too, and stands for its caller.
    _ = try label()
    try push(frame.signature.results)
  }

  mutating func tryTable() throws(WasmModuleError) {
    facts.catchesExceptions = true
    let signature = try blockSignature()
    try pop(signature.parameters)
    let count = try reader.count(
      atMost: ImplementationLimits.branchTableEntries, of: "clauses in a try_table", bytesEach: 2)
    for _ in 0..<count { try catchClause() }
    try pushFrame(.tryTable, signature)
  }

  private mutating func catchClause() throws(WasmModuleError) {
    let begin = reader.offset
    guard let kind = CatchKind(rawValue: try reader.byte()) else {
      throw .malformed("malformed catch clause", at: begin)
    }
    let values = kind.hasTag ? try tag() : .empty
    let types = try label().labelTypes
    var expected = context.types[values.indices].map { $0 }
    if kind.hasReference { expected.append(ValueType.exnref.rawValue) }
    guard context.types[types.indices].elementsEqual(expected) else {
      throw .invalid("type mismatch: a catch clause does not fit its label", at: begin)
    }
  }
}
