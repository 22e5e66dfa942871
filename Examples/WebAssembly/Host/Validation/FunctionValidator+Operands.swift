extension FunctionValidator {
  @inline(__always)
  mutating func push(_ type: ValueType) throws(WasmModuleError) {
    try push(raw: type.rawValue)
  }

  @inline(__always)
  mutating func push(raw type: UInt8) throws(WasmModuleError) {
    guard operands.push(type) else {
      throw .beyondLimit(ImplementationLimits.operands, of: "operands in a function", at: place)
    }
  }

  /// Takes the topmost operand, whatever it is.
  mutating func popAny() throws(WasmModuleError) -> UInt8 {
    guard operands.count > height else {
      if isUnreachable { return OperandStack.unknown }
      throw .invalid("type mismatch: an operand is missing", at: place)
    }
    let type = operands.top
    operands.removeTop()
    return type
  }

  @inline(__always)
  mutating func pop(_ type: ValueType) throws(WasmModuleError) {
    try pop(raw: type.rawValue)
  }

  @inline(__always)
  mutating func pop(raw expected: UInt8) throws(WasmModuleError) {
    guard operands.count > height else {
      if isUnreachable { return }
      throw missing(expected)
    }
    let type = operands.top
    guard type == expected || type == OperandStack.unknown else { throw mismatch(expected, type) }
    operands.removeTop()
  }

  mutating func push(_ list: TypeList) throws(WasmModuleError) {
    for index in list.indices { try push(raw: context.types[index]) }
  }

  mutating func pop(_ list: TypeList) throws(WasmModuleError) {
    for index in list.indices.reversed() { try pop(raw: context.types[index]) }
  }

  /// Checks that the topmost operands have these types, and leaves them.
  func check(_ list: TypeList) throws(WasmModuleError) {
    for (depth, index) in list.indices.reversed().enumerated() {
      let expected = context.types[index]
      guard operands.count - depth > height else {
        if isUnreachable { return }
        throw missing(expected)
      }
      let type = operands.type(below: depth)
      guard type == expected || type == OperandStack.unknown else { throw mismatch(expected, type) }
    }
  }

  func areEqual(_ left: TypeList, _ right: TypeList) -> Bool {
    left.start == right.start && left.count == right.count
      || context.types[left.indices].elementsEqual(context.types[right.indices])
  }

  @inline(never)
  func mismatch(_ expected: UInt8, _ found: UInt8) -> WasmModuleError {
    .invalid("type mismatch: expected \(name(expected)), found \(name(found))", at: place)
  }

  @inline(never)
  private func missing(_ expected: UInt8) -> WasmModuleError {
    .invalid("type mismatch: expected \(name(expected)), found nothing", at: place)
  }

  private func name(_ type: UInt8) -> String {
    ValueType(rawValue: type)?.description ?? "any type"
  }
}
