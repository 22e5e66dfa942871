// Locals, globals, tables, and what is done with references and untyped values.
extension FunctionValidator {
  @inline(__always)
  mutating func local() throws(WasmModuleError) -> UInt8 {
    let index = Int(try reader.u32())
    guard index < locals.count else { throw .invalid("unknown local \(index)", at: place) }
    return locals[index]
  }

  mutating func globalGet() throws(WasmModuleError) {
    try push(raw: context.globalTypes[try global()])
  }

  mutating func globalSet() throws(WasmModuleError) {
    let index = try global()
    guard context.globalMutability[index] else { throw .invalid("immutable global \(index)", at: place) }
    try pop(raw: context.globalTypes[index])
  }

  private mutating func global() throws(WasmModuleError) -> Int {
    let index = Int(try reader.u32())
    guard index < context.globalTypes.count else { throw .invalid("unknown global \(index)", at: place) }
    return index
  }

  /// Reads a table's index; its element type.
  mutating func table() throws(WasmModuleError) -> UInt8 {
    let index = Int(try reader.u32())
    guard index < context.tableTypes.count else { throw .invalid("unknown table \(index)", at: place) }
    return context.tableTypes[index]
  }

  mutating func tableGet() throws(WasmModuleError) {
    let type = try table()
    try pop(.i32)
    try push(raw: type)
  }

  mutating func tableSet() throws(WasmModuleError) {
    try pop(raw: try table())
    try pop(.i32)
  }

  mutating func isNull() throws(WasmModuleError) {
    let type = try popAny()
    guard type == OperandStack.unknown || isReference(type) else {
      throw .invalid("type mismatch: expected a reference", at: place)
    }
    try push(.i32)
  }

  mutating func select() throws(WasmModuleError) {
    try pop(.i32)
    let second = try popAny()
    let first = try popAny()
    guard !isReference(first), !isReference(second) else {
      throw .invalid("type mismatch: a select of references names their type", at: place)
    }
    if first == OperandStack.unknown { return try push(raw: second) }
    guard second == first || second == OperandStack.unknown else { throw mismatch(first, second) }
    try push(raw: first)
  }

  mutating func selectTyped() throws(WasmModuleError) {
    let count = try reader.count(atMost: ImplementationLimits.results, of: "types of a select")
    var type: ValueType?
    for _ in 0..<count { type = try reader.valueType() }
    guard count == 1, let type else { throw .invalid("invalid result arity", at: place) }
    try pop(.i32)
    try pop(type)
    try pop(type)
    try push(type)
  }

  private func isReference(_ type: UInt8) -> Bool {
    ValueType(rawValue: type)?.isReference ?? false
  }
}
