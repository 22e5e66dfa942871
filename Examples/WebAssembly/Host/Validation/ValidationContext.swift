/// What the instructions of a module's functions may refer to, laid out to be looked up quickly.
///
/// Making one validates all of the module but its code.
struct ValidationContext: Sendable {
  let module: WasmModule

  /// Every value type once, then parameters and results of all signatures, as bytes of the format.
  private(set) var types: [UInt8] = []
  private(set) var signatures: [Signature] = []
  private(set) var canonicalTypes: [Int] = []

  /// Type index of each function.
  private(set) var functionTypes: [UInt32] = []
  private(set) var globalTypes: [UInt8] = []
  private(set) var globalMutability: [Bool] = []
  private(set) var tableTypes: [UInt8] = []
  private(set) var memoryCount = 0
  /// Parameters of each tag.
  private(set) var tagTypes: [TypeList] = []
  private(set) var elementTypes: [UInt8] = []
  private(set) var dataCount: Int?

  /// Which functions `ref.func` may name in code: those that the module mentions outside it.
  private(set) var declaredFunctions: [Bool] = []

  init(_ module: WasmModule, features: WasmFeatures) throws(WasmModuleError) {
    self.module = module
    layOutTypes()
    declaredFunctions = [Bool](repeating: false, count: module.functions.count)
    var declarations = DeclarationValidator(module, features: features)
    try declarations.validate()
    for function in declarations.declaredFunctions { declaredFunctions[function] = true }

    // Every index that is looked up from here on is known to exist.
    functionTypes = module.functions.map { UInt32($0.type) }
    globalTypes = module.globals.map(\.type.value.rawValue)
    globalMutability = module.globals.map(\.type.isMutable)
    tableTypes = module.tables.map(\.type.element.rawValue)
    memoryCount = module.memories.count
    tagTypes = module.tags.map { signatures[$0.type].parameters }
    elementTypes = module.elements.map(\.type.rawValue)
    dataCount = module.dataCount
  }

  private mutating func layOutTypes() {
    types = ValueType.allCases.map(\.rawValue)
    signatures.reserveCapacity(module.types.count)
    var first: [FunctionType: Int] = [:]
    for (index, type) in module.types.enumerated() {
      signatures.append(Signature(parameters: layOut(type.parameters), results: layOut(type.results)))
      canonicalTypes.append(first[type] ?? index)
      if first[type] == nil { first[type] = index }
    }
  }

  private mutating func layOut(_ list: [ValueType]) -> TypeList {
    let start = UInt32(types.count)
    for type in list { types.append(type.rawValue) }
    return TypeList(start: start, count: UInt32(list.count))
  }

  /// A list of the one type.
  func list(of type: ValueType) -> TypeList {
    for (index, candidate) in ValueType.allCases.enumerated() where candidate == type {
      return TypeList(start: UInt32(index), count: 1)
    }
    return .empty
  }
}
