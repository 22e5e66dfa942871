// Sections that declare: types, imports, functions, tables, memories, tags, globals, exports.
extension ModuleDecoder {
  mutating func types(_ part: inout BytesReader) throws(WasmModuleError) {
    let count = try part.count(atMost: ImplementationLimits.types, of: "types")
    module.types.reserveCapacity(count)
    for _ in 0..<count {
      let begin = part.offset
      switch try part.byte() {
      case 0x60:
        let parameters = try valueTypes(&part, atMost: ImplementationLimits.parameters, of: "parameters")
        let results = try valueTypes(&part, atMost: ImplementationLimits.results, of: "results")
        module.types.append(FunctionType(parameters: parameters, results: results))
      case 0x4E, 0x4F, 0x50, 0x5E, 0x5F:
        throw .unsupported(.garbageCollection, "a type that is not a function's", at: begin)
      case 0x5D: throw .unsupported(.stackSwitching, "a continuation's type", at: begin)
      default: throw .malformed("malformed type definition", at: begin)
      }
    }
  }

  private func valueTypes(
    _ part: inout BytesReader, atMost limit: Int, of what: String
  ) throws(WasmModuleError) -> [ValueType] {
    let count = try part.count(atMost: limit, of: what)
    var types: [ValueType] = []
    types.reserveCapacity(count)
    for _ in 0..<count { types.append(try part.valueType()) }
    return types
  }

  mutating func imports(_ part: inout BytesReader) throws(WasmModuleError) {
    // Two empty names, a kind and an index are four bytes.
    let count = try part.count(atMost: ImplementationLimits.imports, of: "imports", bytesEach: 4)
    module.imports.reserveCapacity(count)
    for _ in 0..<count {
      let begin = part.offset
      let from = try part.name()
      let name = try part.name()
      let type = try importType(&part, at: begin)
      module.imports.append(Import(module: from, name: name, type: type, offset: begin))
    }
    module.importedFunctionCount = module.functions.count
    module.importedTableCount = module.tables.count
    module.importedMemoryCount = module.memories.count
    module.importedGlobalCount = module.globals.count
    module.importedTagCount = module.tags.count
  }

  private mutating func importType(_ part: inout BytesReader, at begin: Int) throws(WasmModuleError) -> ImportType {
    let place = part.offset
    switch try part.byte() {
    case 0:
      let type = Int(try part.u32())
      module.functions.append(Function(type: type, offset: begin))
      return .function(type: type)
    case 1:
      let type = try part.tableType()
      module.tables.append(Table(type: type, initial: nil, offset: begin))
      return .table(type)
    case 2:
      let type = MemoryType(limits: try part.limits())
      module.memories.append(Memory(type: type, offset: begin))
      return .memory(type)
    case 3:
      let type = try part.globalType()
      module.globals.append(Global(type: type, initial: nil, offset: begin))
      return .global(type)
    case 4:
      let type = try tagType(&part)
      module.tags.append(Tag(type: type, offset: begin))
      return .tag(type: type)
    default: throw .malformed("malformed import kind", at: place)
    }
  }

  mutating func functions(_ part: inout BytesReader) throws(WasmModuleError) {
    definedFunctions = try part.count(atMost: ImplementationLimits.functions, of: "functions")
    module.functions.reserveCapacity(module.functions.count + definedFunctions)
    for _ in 0..<definedFunctions {
      let begin = part.offset
      module.functions.append(Function(type: Int(try part.u32()), offset: begin))
    }
  }

  mutating func tables(_ part: inout BytesReader) throws(WasmModuleError) {
    for _ in 0..<(try part.count(atMost: ImplementationLimits.tables, of: "tables")) {
      let begin = part.offset
      // 0x40 0x00: a table whose first elements an expression gives.
      let hasInitial = part.peek == 0x40
      if hasInitial {
        try part.skip(1)
        guard try part.byte() == 0 else { throw .malformed("malformed table", at: begin) }
      }
      let type = try part.tableType()
      let initial = hasInitial ? try constantExpression(&part) : nil
      module.tables.append(Table(type: type, initial: initial, offset: begin))
    }
  }

  mutating func memories(_ part: inout BytesReader) throws(WasmModuleError) {
    for _ in 0..<(try part.count(atMost: ImplementationLimits.memories, of: "memories")) {
      let begin = part.offset
      module.memories.append(Memory(type: MemoryType(limits: try part.limits()), offset: begin))
    }
  }

  mutating func tags(_ part: inout BytesReader) throws(WasmModuleError) {
    for _ in 0..<(try part.count(atMost: ImplementationLimits.tags, of: "tags")) {
      let begin = part.offset
      module.tags.append(Tag(type: try tagType(&part), offset: begin))
    }
  }

  /// The kind of tag, of which there is one, and its type.
  private func tagType(_ part: inout BytesReader) throws(WasmModuleError) -> Int {
    let begin = part.offset
    guard try part.byte() == 0 else { throw .malformed("malformed tag attribute", at: begin) }
    return Int(try part.u32())
  }

  mutating func globals(_ part: inout BytesReader) throws(WasmModuleError) {
    let count = try part.count(atMost: ImplementationLimits.globals, of: "globals", bytesEach: 3)
    module.globals.reserveCapacity(module.globals.count + count)
    for _ in 0..<count {
      let begin = part.offset
      let type = try part.globalType()
      module.globals.append(Global(type: type, initial: try constantExpression(&part), offset: begin))
    }
  }

  mutating func exports(_ part: inout BytesReader) throws(WasmModuleError) {
    let count = try part.count(atMost: ImplementationLimits.exports, of: "exports", bytesEach: 3)
    module.exports.reserveCapacity(count)
    for _ in 0..<count {
      let begin = part.offset
      let name = try part.name()
      let place = part.offset
      let kind = try part.byte()
      let index = Int(try part.u32())
      let exported: ExportKind
      switch kind {
      case 0: exported = .function(index)
      case 1: exported = .table(index)
      case 2: exported = .memory(index)
      case 3: exported = .global(index)
      case 4: exported = .tag(index)
      default: throw .malformed("malformed export kind", at: place)
      }
      module.exports.append(Export(name: name, kind: exported, offset: begin))
    }
  }
}
