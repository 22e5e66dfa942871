import CFtraceWasm
import FtraceEngine

/// A module with state of its own: memory, tables, globals. It lives as long as its store.
@safe package final class WasmInstance {
  package let compiled: CompiledModule
  /// Whose it is: without the store nothing of it can be used.
  package unowned let store: WasmStore
  /// By name.
  package private(set) var exports: [WasmName: WasmExternal] = [:]

  // Safe: the store frees contexts at its end; the rest is freed in `deinit`, which comes with the store's end or later.
  let context: UnsafeMutablePointer<ftrace_wasm_context>
  private let records: UnsafeMutablePointer<ftrace_wasm_function>
  private let data: UnsafeMutablePointer<ftrace_wasm_segment>
  private let elements: UnsafeMutablePointer<ftrace_wasm_segment>
  private var references: [UnsafeMutablePointer<UInt64>] = unsafe []

  private var functions: [WasmFunction] = []
  private var tables: [WasmTable] = []
  private var memories: [WasmMemory] = []
  private var globals: [WasmGlobal] = []
  private var tags: [WasmTag] = []

  private var module: WasmModule { compiled.module }
  private var layout: ModuleLayout { compiled.layout }

  /// Instantiates a module, and runs its start function.
  /// - Parameter imports: what is there by the module's and the thing's name.
  package init(
    _ compiled: CompiledModule, in store: WasmStore, imports: (WasmName, WasmName) -> WasmExternal?
  ) throws(WasmInstantiationError) {
    self.compiled = compiled
    self.store = store
    guard let context = unsafe ftrace_wasm_context_make(store.raw, compiled.layout.wordCount) else {
      throw .noMemory("an instance")
    }
    unsafe self.context = context
    let module = compiled.module
    unsafe records = .allocate(capacity: module.bodies.count)
    unsafe data = .allocate(capacity: module.data.count)
    unsafe elements = .allocate(capacity: module.elements.count)
    unsafe context.pointee.functions = records
    unsafe context.pointee.data = data
    unsafe context.pointee.elements = elements
    try resolve(imports)
    // From here on other instances may refer to this one.
    store.keep(self)
    makeFunctions()
    try makeGlobals()
    try makeTables()
    try makeMemories()
    makeTags()
    makeExports()
    makeSegments()
    try runActiveSegments()
    if let start = module.start {
      do throws(WasmTrap) { _ = try store.call(functions[start.function]) } catch { throw .trap(error) }
    }
  }

  deinit {
    unsafe records.deallocate()
    unsafe data.deallocate()
    unsafe elements.deallocate()
    for index in unsafe references.indices { unsafe references[index].deallocate() }
  }

  /// A function by the name of its export.
  package func function(_ name: WasmName) -> WasmFunction? {
    guard case .function(let function) = exports[name] else { return nil }
    return function
  }

  // MARK: - Parts

  private func word(_ displacement: Int32) -> UnsafeMutablePointer<UInt64> {
    // Safe: a displacement of the layout, within the words that the context was made with.
    unsafe UnsafeMutableRawPointer(context).advanced(by: Int(displacement)).assumingMemoryBound(to: UInt64.self)
  }

  private func resolve(_ imports: (WasmName, WasmName) -> WasmExternal?) throws(WasmInstantiationError) {
    var unknown: [String] = []
    for item in module.imports {
      let name = "\(item.module).\(item.name)"
      guard let found = imports(item.module, item.name) else {
        unknown.append(name)
        continue
      }
      guard matches(found, item.type) else {
        throw .incompatibleImport(name, expected: describe(item.type))
      }
      switch found {
      case .function(let function):
        unsafe word(layout.importedFunction(functions.count)).pointee = UInt64(UInt(bitPattern: function.record))
        functions.append(function)
      case .table(let table): tables.append(table)
      case .memory(let memory): memories.append(memory)
      case .global(let global): globals.append(global)
      case .tag(let tag): tags.append(tag)
      }
    }
    if !unknown.isEmpty { throw .unknownImports(unknown) }
  }

  private func matches(_ found: WasmExternal, _ wanted: ImportType) -> Bool {
    switch (found, wanted) {
    case (.function(let function), .function(let type)): function.type == module.types[type]
    case (.table(let table), .table(let type)):
      table.type.element == type.element
        && fits(UInt64(table.count), table.type.limits.maximum, type.limits)
    case (.memory(let memory), .memory(let type)): fits(memory.pages, memory.limits.maximum, type.limits)
    case (.global(let global), .global(let type)): global.type == type
    case (.tag(let tag), .tag(let type)): tag.type == module.types[type]
    default: false
    }
  }

  private func fits(_ count: UInt64, _ maximum: UInt64?, _ wanted: Limits) -> Bool {
    guard count >= wanted.minimum else { return false }
    guard let most = wanted.maximum else { return true }
    return maximum.map { $0 <= most } ?? false
  }

  private func describe(_ type: ImportType) -> String {
    switch type {
    case .function(let type): "a function \(module.types[type])"
    case .table(let type): "a table of \(type.element), \(type.limits)"
    case .memory(let type): "a memory of \(type.limits)"
    case .global(let type): "a \(type.isMutable ? "mutable" : "constant") global of \(type.value)"
    case .tag(let type): "a tag \(module.types[type])"
    }
  }

  private func makeFunctions() {
    let imported = module.importedFunctionCount
    for index in module.bodies.indices {
      let type = module.functions[imported + index].type
      // Safe: room for each was allocated; words are the compiled module's, which this keeps.
      unsafe (records + index).initialize(
        to: ftrace_wasm_function(
          word: UnsafePointer<UInt64>(OpaquePointer(compiled.words.base + index)), context: context,
          signature: layout.types[type].signature, index: UInt32(imported + index)))
      functions.append(unsafe WasmFunction(record: records + index, type: module.types[type]))
    }
  }

  private func makeGlobals() throws(WasmInstantiationError) {
    for (index, global) in globals.enumerated() {
      unsafe word(layout.global(index)).pointee = UInt64(UInt(bitPattern: global.word))
    }
    for index in globals.count..<module.globals.count {
      let global = module.globals[index]
      let place = unsafe word(layout.global(index))
      unsafe place.pointee = global.initial.map { evaluate($0) } ?? 0
      globals.append(unsafe WasmGlobal(global.type, at: place))
    }
  }

  private func makeTables() throws(WasmInstantiationError) {
    for index in tables.count..<module.tables.count {
      let table = module.tables[index]
      let value = table.initial.map { evaluate($0) } ?? 0
      guard let made = WasmTable(table.type, value: value, in: store) else { throw .noMemory("a table") }
      tables.append(made)
    }
    for (index, table) in tables.enumerated() {
      unsafe word(layout.table(index)).pointee = UInt64(UInt(bitPattern: table.raw))
    }
  }

  private func makeMemories() throws(WasmInstantiationError) {
    for index in memories.count..<module.memories.count {
      guard let made = WasmMemory(module.memories[index].type.limits, in: store) else { throw .noMemory("a memory") }
      memories.append(made)
    }
    guard let memory = memories.first else { return }
    unsafe context.pointee.memory = memory.raw
    unsafe context.pointee.memory_base = memory.raw.pointee.base
  }

  private func makeTags() {
    for tag in module.tags[tags.count...] { tags.append(WasmTag(module.types[tag.type], in: store)) }
    for (index, tag) in tags.enumerated() {
      unsafe word(layout.tag(index)).pointee = UInt64(UInt(bitPattern: tag.identity))
    }
  }

  private func makeExports() {
    for export in module.exports {
      switch export.kind {
      case .function(let index): exports[export.name] = .function(functions[index])
      case .table(let index): exports[export.name] = .table(tables[index])
      case .memory(let index): exports[export.name] = .memory(memories[index])
      case .global(let index): exports[export.name] = .global(globals[index])
      case .tag(let index): exports[export.name] = .tag(tags[index])
      }
    }
  }

  private func makeSegments() {
    for (index, segment) in module.data.enumerated() {
      // Safe: the module's bytes are kept by the compiled module.
      unsafe (data + index).initialize(
        to: ftrace_wasm_segment(
          start: module.bytes.start + segment.bytes.lowerBound, count: UInt32(segment.bytes.count)))
    }
    for (index, segment) in module.elements.enumerated() {
      let values: [UInt64] =
        switch segment.items {
        case .functions(let list): list.map { functions[$0].reference.word }
        case .expressions(let list): list.map { evaluate($0) }
        }
      let pointer = UnsafeMutablePointer<UInt64>.allocate(capacity: values.count)
      for (place, value) in values.enumerated() { unsafe (pointer + place).initialize(to: value) }
      unsafe references.append(pointer)
      unsafe (elements + index).initialize(to: ftrace_wasm_segment(start: pointer, count: UInt32(values.count)))
    }
  }

  private func runActiveSegments() throws(WasmInstantiationError) {
    for (index, segment) in module.elements.enumerated() {
      switch segment.mode {
      case .passive: continue
      case .active(let table, let offset):
        let to = UInt32(truncatingIfNeeded: evaluate(offset))
        try check(
          unsafe ftrace_wasm_op_table_init(
            context, to, 0, elements[index].count, UInt32(index), tables[table].raw))
      case .declarative: break
      }
      unsafe ftrace_wasm_op_element_drop(context, UInt32(index))
    }
    for (index, segment) in module.data.enumerated() {
      guard case .active(_, let offset) = segment.mode else { continue }
      let to = UInt32(truncatingIfNeeded: evaluate(offset))
      try check(unsafe ftrace_wasm_op_memory_init(context, to, 0, data[index].count, UInt32(index)))
      unsafe ftrace_wasm_op_data_drop(context, UInt32(index))
    }
  }

  private func check(_ trap: UInt32) throws(WasmInstantiationError) {
    guard trap != 0 else { return }
    throw .trap(WasmTrap(kind: WasmTrap.Kind(trap), backtrace: [], omitted: 0, underlying: nil))
  }

  /// The word of a constant expression, of which globals and functions that it names are there.
  private func evaluate(_ expression: ConstantExpression) -> UInt64 {
    var stack: [UInt64] = []
    for operation in expression.operations {
      switch operation {
      case .i32(let value): stack.append(UInt64(UInt32(bitPattern: value)))
      case .i64(let value): stack.append(UInt64(bitPattern: value))
      case .f32(let bits): stack.append(UInt64(bits))
      case .f64(let bits): stack.append(bits)
      case .refNull: stack.append(0)
      case .refFunc(let index): stack.append(functions[index].reference.word)
      case .globalGet(let index): stack.append(globals[index].value.word)
      case .binary(let opcode):
        let (right, left) = (stack.removeLast(), stack.removeLast())
        stack.append(Self.apply(opcode, left, right))
      }
    }
    return stack[0]
  }

  private static func apply(_ opcode: Opcode, _ left: UInt64, _ right: UInt64) -> UInt64 {
    switch opcode {
    case .i64Add: left &+ right
    case .i64Sub: left &- right
    case .i64Mul: left &* right
    case .i32Add: UInt64(UInt32(truncatingIfNeeded: left &+ right))
    case .i32Sub: UInt64(UInt32(truncatingIfNeeded: left &- right))
    default: UInt64(UInt32(truncatingIfNeeded: left &* right))
    }
  }
}
