/// Decodes the binary format (Core specification, chapter 5).
///
/// One walk over the sections; code is left as bytes, in which only the declarations of locals were read.
struct ModuleDecoder {
  var module: WasmModule
  let features: WasmFeatures
  private var reader: BytesReader
  private var lastOrder = 0
  /// Type indices of defined functions come from one section, their code from another.
  var definedFunctions = 0

  init(_ bytes: ModuleBytes, features: WasmFeatures) {
    module = WasmModule(bytes: bytes)
    self.features = features
    reader = BytesReader(bytes)
  }

  mutating func decode() throws(WasmModuleError) -> WasmModule {
    guard module.bytes.count <= ImplementationLimits.moduleBytes else {
      throw .beyondLimit(ImplementationLimits.moduleBytes, of: "bytes in a module", at: 0)
    }
    try header()
    while !reader.isAtEnd { try section() }
    guard module.bodies.count == definedFunctions else {
      throw .malformed("function and code section have inconsistent lengths", at: reader.offset)
    }
    if let count = module.dataCount, count != module.data.count {
      throw .malformed("data count and data section have inconsistent lengths", at: reader.offset)
    }
    return module
  }

  private mutating func header() throws(WasmModuleError) {
    for expected in [0x00, 0x61, 0x73, 0x6D] as [UInt8] {
      guard try reader.byte() == expected else { throw .malformed("magic header not detected", at: 0) }
    }
    var version: [UInt8] = []
    for _ in 0..<4 { version.append(try reader.byte()) }
    if version == [1, 0, 0, 0] { return }
    if version == [0x0D, 0, 1, 0] { throw .unsupported(.components, "a component instead of a module", at: 4) }
    throw .malformed("unknown binary version", at: 4)
  }

  private mutating func section() throws(WasmModuleError) {
    let begin = reader.offset
    let id = try reader.byte()
    guard let section = Section(rawValue: id) else { throw .malformed("malformed section id", at: begin) }
    let size = Int(try reader.u32())
    var part = try reader.part(size)
    if section == .custom {
      let name = try part.name()
      module.customSections.append(CustomSection(name: name, contents: part.offset..<part.end))
      return
    }
    guard section.order > lastOrder else { throw .malformed("unexpected content after last section", at: begin) }
    lastOrder = section.order
    try contents(of: section, in: &part)
    guard part.isAtEnd else { throw .malformed("section size mismatch", at: part.offset) }
  }

  private mutating func contents(of section: Section, in part: inout BytesReader) throws(WasmModuleError) {
    switch section {
    case .custom: break
    case .type: try types(&part)
    case .import: try imports(&part)
    case .function: try functions(&part)
    case .table: try tables(&part)
    case .memory: try memories(&part)
    case .tag: try tags(&part)
    case .global: try globals(&part)
    case .export: try exports(&part)
    case .start:
      let offset = part.offset
      module.start = WasmModule.Start(function: Int(try part.u32()), offset: offset)
    case .element: try elements(&part)
    case .dataCount: module.dataCount = Int(try part.u32())
    case .code: try code(&part)
    case .data: try data(&part)
    }
  }
}

/// Sections by their number in the format.
enum Section: UInt8 {
  case custom = 0
  case type, `import`, function, table, memory, global, export, start, element, code, data, dataCount, tag

  /// Where it stands: tags were added between memories and globals, the count of data segments before the code.
  var order: Int {
    switch self {
    case .custom: 0
    case .type: 1
    case .import: 2
    case .function: 3
    case .table: 4
    case .memory: 5
    case .tag: 6
    case .global: 7
    case .export: 8
    case .start: 9
    case .element: 10
    case .dataCount: 11
    case .code: 12
    case .data: 13
    }
  }
}

extension WasmModule {
  /// Decodes a module. Complexity: linear in its bytes, code only skipped.
  package init(decoding bytes: ModuleBytes, features: WasmFeatures = .standard) throws(WasmModuleError) {
    var decoder = ModuleDecoder(bytes, features: features)
    self = try decoder.decode()
  }

  package init(decoding bytes: [UInt8], features: WasmFeatures = .standard) throws(WasmModuleError) {
    try self.init(decoding: ModuleBytes(bytes), features: features)
  }
}
