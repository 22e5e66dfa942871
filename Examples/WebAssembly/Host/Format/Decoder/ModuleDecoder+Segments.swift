extension ModuleDecoder {
  mutating func elements(_ part: inout BytesReader) throws(WasmModuleError) {
    for _ in 0..<(try part.count(atMost: ImplementationLimits.elementSegments, of: "element segments")) {
      let begin = part.offset
      let flags = try part.u32()
      guard flags < 8 else { throw .malformed("malformed elements segment kind", at: begin) }
      let isActive = flags & 1 == 0
      // Of active segments the bit says that a table's index is given, of others that they are declarative.
      let hasIndexOrIsDeclarative = flags & 2 != 0
      let mode: ElementSegment.Mode
      if isActive {
        let table = hasIndexOrIsDeclarative ? Int(try part.u32()) : 0
        mode = .active(table: table, offset: try constantExpression(&part))
      } else {
        mode = hasIndexOrIsDeclarative ? .declarative : .passive
      }
      let hasExpressions = flags & 4 != 0
      var type = ValueType.funcref
      // Without one, as in the first version of the format: functions.
      if !isActive || hasIndexOrIsDeclarative { type = try elementType(&part, isType: hasExpressions) }
      let items = hasExpressions ? try expressions(&part) : try functionIndices(&part)
      module.elements.append(ElementSegment(type: type, mode: mode, items: items, offset: begin))
    }
  }

  private func elementType(_ part: inout BytesReader, isType: Bool) throws(WasmModuleError) -> ValueType {
    if isType { return try part.referenceType() }
    let begin = part.offset
    guard try part.byte() == 0 else { throw .malformed("malformed element kind", at: begin) }
    return .funcref
  }

  private func functionIndices(_ part: inout BytesReader) throws(WasmModuleError) -> ElementSegment.Items {
    let count = try part.count(atMost: ImplementationLimits.elementSegments, of: "elements")
    var functions: [Int] = []
    functions.reserveCapacity(count)
    for _ in 0..<count { functions.append(Int(try part.u32())) }
    return .functions(functions)
  }

  private func expressions(_ part: inout BytesReader) throws(WasmModuleError) -> ElementSegment.Items {
    let count = try part.count(atMost: ImplementationLimits.elementSegments, of: "elements")
    var expressions: [ConstantExpression] = []
    for _ in 0..<count { expressions.append(try constantExpression(&part)) }
    return .expressions(expressions)
  }

  mutating func data(_ part: inout BytesReader) throws(WasmModuleError) {
    let begin = part.offset
    let count = try part.count(atMost: ImplementationLimits.dataSegments, of: "data segments")
    if let announced = module.dataCount, announced != count {
      throw .malformed("data count and data section have inconsistent lengths", at: begin)
    }
    for _ in 0..<count {
      let begin = part.offset
      let flags = try part.u32()
      let mode: DataSegment.Mode
      switch flags {
      case 0: mode = .active(memory: 0, offset: try constantExpression(&part))
      case 1: mode = .passive
      case 2:
        let memory = Int(try part.u32())
        mode = .active(memory: memory, offset: try constantExpression(&part))
      default: throw .malformed("malformed data segment kind", at: begin)
      }
      let bytes = try part.part(Int(try part.u32()))
      module.data.append(DataSegment(mode: mode, bytes: bytes.offset..<bytes.end, offset: begin))
    }
  }
}
