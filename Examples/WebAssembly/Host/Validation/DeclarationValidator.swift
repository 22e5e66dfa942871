/// Validates everything in a module but the code of its functions.
struct DeclarationValidator {
  let module: WasmModule
  let features: WasmFeatures
  /// Functions that are mentioned outside code; each may be here several times.
  private(set) var declaredFunctions: [Int] = []

  init(_ module: WasmModule, features: WasmFeatures) {
    self.module = module
    self.features = features
  }

  mutating func validate() throws(WasmModuleError) {
    for function in module.functions { try type(function.type, at: function.offset) }
    for tag in module.tags { try self.tag(tag) }
    for table in module.tables { try self.table(table) }
    for memory in module.memories { try self.memory(memory) }
    if module.memories.count > 1, !features.contains(.multipleMemories) {
      throw .unsupported(.multipleMemories, "a second memory", at: module.memories[1].offset)
    }
    for (index, global) in module.globals.enumerated() { try self.global(global, index: index) }
    try exports()
    if let start = module.start { try self.start(start) }
    for segment in module.elements { try element(segment) }
    for segment in module.data { try data(segment) }
  }

  private func type(_ index: Int, at offset: Int) throws(WasmModuleError) {
    guard index < module.types.count else { throw .invalid("unknown type \(index)", at: offset) }
  }

  private func function(_ index: Int, at offset: Int) throws(WasmModuleError) {
    guard index < module.functions.count else { throw .invalid("unknown function \(index)", at: offset) }
  }

  private func tag(_ tag: Tag) throws(WasmModuleError) {
    try type(tag.type, at: tag.offset)
    guard module.types[tag.type].results.isEmpty else { throw .invalid("non-empty tag result type", at: tag.offset) }
  }

  private mutating func table(_ table: Table) throws(WasmModuleError) {
    let limits = table.type.limits
    guard max(limits.minimum, limits.maximum ?? 0) <= UInt32.max else {
      throw .invalid("table size must be at most 2^32-1", at: table.offset)
    }
    try self.limits(limits, at: table.offset)
    guard let initial = table.initial else { return }
    // Tables are made before the module's own globals.
    try expression(initial, globals: module.importedGlobalCount, is: table.type.element)
  }

  private func memory(_ memory: Memory) throws(WasmModuleError) {
    let limits = memory.type.limits
    guard max(limits.minimum, limits.maximum ?? 0) <= ImplementationLimits.memoryPages else {
      throw .invalid("memory size must be at most 65536 pages (4GiB)", at: memory.offset)
    }
    try self.limits(limits, at: memory.offset)
  }

  private func limits(_ limits: Limits, at offset: Int) throws(WasmModuleError) {
    if let maximum = limits.maximum, maximum < limits.minimum {
      throw .invalid("size minimum must not be greater than maximum", at: offset)
    }
  }

  private mutating func global(_ global: Global, index: Int) throws(WasmModuleError) {
    guard let initial = global.initial else { return }
    try expression(initial, globals: index, is: global.type.value)
  }

  private mutating func exports() throws(WasmModuleError) {
    var names: Set<WasmName> = []
    names.reserveCapacity(module.exports.count)
    for export in module.exports {
      switch export.kind {
      case .function(let index):
        try function(index, at: export.offset)
        declaredFunctions.append(index)
      case .table(let index):
        guard index < module.tables.count else { throw .invalid("unknown table \(index)", at: export.offset) }
      case .memory(let index):
        guard index < module.memories.count else { throw .invalid("unknown memory \(index)", at: export.offset) }
      case .global(let index):
        guard index < module.globals.count else { throw .invalid("unknown global \(index)", at: export.offset) }
      case .tag(let index):
        guard index < module.tags.count else { throw .invalid("unknown tag \(index)", at: export.offset) }
      }
      guard names.insert(export.name).inserted else { throw .invalid("duplicate export name", at: export.offset) }
    }
  }

  private func start(_ start: WasmModule.Start) throws(WasmModuleError) {
    try function(start.function, at: start.offset)
    guard module.type(ofFunction: start.function) == FunctionType() else {
      throw .invalid("start function has parameters or results", at: start.offset)
    }
  }

  private mutating func element(_ segment: ElementSegment) throws(WasmModuleError) {
    if case .active(let table, let offset) = segment.mode {
      guard table < module.tables.count else { throw .invalid("unknown table \(table)", at: segment.offset) }
      let element = module.tables[table].type.element
      guard element == segment.type else {
        throw .invalid("type mismatch: a table of \(element), elements of \(segment.type)", at: segment.offset)
      }
      try expression(offset, globals: module.globals.count, is: .i32)
    }
    switch segment.items {
    case .functions(let functions):
      for index in functions { try function(index, at: segment.offset) }
      declaredFunctions += functions
    case .expressions(let expressions):
      for item in expressions { try expression(item, globals: module.globals.count, is: segment.type) }
    }
  }

  private mutating func data(_ segment: DataSegment) throws(WasmModuleError) {
    guard case .active(let memory, let offset) = segment.mode else { return }
    guard memory < module.memories.count else { throw .invalid("unknown memory \(memory)", at: segment.offset) }
    try expression(offset, globals: module.globals.count, is: .i32)
  }

  /// Checks that an expression leaves one value of a type, and reads none but the first `globals` globals.
  private mutating func expression(
    _ expression: ConstantExpression, globals: Int, is expected: ValueType
  ) throws(WasmModuleError) {
    let place = expression.offset
    var stack: [ValueType] = []
    for operation in expression.operations {
      switch operation {
      case .i32: stack.append(.i32)
      case .i64: stack.append(.i64)
      case .f32: stack.append(.f32)
      case .f64: stack.append(.f64)
      case .refNull(let type): stack.append(type)
      case .refFunc(let index):
        try function(index, at: place)
        declaredFunctions.append(index)
        stack.append(.funcref)
      case .globalGet(let index):
        guard index < globals else { throw .invalid("unknown global \(index)", at: place) }
        let type = module.globals[index].type
        guard !type.isMutable else { throw .invalid("constant expression required", at: place) }
        stack.append(type.value)
      case .binary(let opcode):
        let type: ValueType = opcode.rawValue <= Opcode.i32Rotr.rawValue ? .i32 : .i64
        guard stack.popLast() == type, stack.popLast() == type else {
          throw .invalid("type mismatch: operands that are not two \(type)", at: place)
        }
        stack.append(type)
      }
    }
    guard stack == [expected] else {
      let found = stack.map(\.description).joined(separator: " ")
      throw .invalid("type mismatch: expected [\(expected)], found [\(found)]", at: place)
    }
  }
}
