import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler

/// Where an argument of a function is when it is called.
struct ArgumentPlace: BitwiseCopyable {
  var type: ValueType
  /// A general register's number, or 16 and a vector's; `ArgumentPlace.stack`: in memory.
  var register: UInt8
  /// Bytes above the first argument on the stack.
  var offset: Int32

  static let stack: UInt8 = 0xFF
}

/// What calls need of a function type.
struct TypeLayout: BitwiseCopyable {
  var firstParameter: Int32
  var parameterCount: Int32
  var firstResult: Int32
  var resultCount: Int32
  /// Bytes of arguments on the stack, a multiple of 16, which the callee pops.
  var stackBytes: Int32
  /// Equal for equal types, in the whole process.
  var signature: UInt32
}

/// What compiled code knows of its module: the places of everything in an instance's context, and of arguments.
final class ModuleLayout: Sendable {
  let types: [TypeLayout]
  let places: [ArgumentPlace]
  let results: [ValueType]
  /// The type of each function, imports first.
  let functionTypes: [UInt32]
  let importedFunctions: Int
  let globalTypes: [ValueType]
  let importedGlobals: Int
  let tableTypes: [ValueType]
  let hasMemory: Bool
  /// The type of each tag, imports first.
  let tagTypes: [UInt32]
  /// Values of an exception at most.
  let tagValues: Int

  init(
    types: [FunctionType], functionTypes: [UInt32], importedFunctions: Int, globalTypes: [ValueType],
    importedGlobals: Int,
    tableTypes: [ValueType], hasMemory: Bool, tagTypes: [UInt32]
  ) {
    var (layouts, places, results): ([TypeLayout], [ArgumentPlace], [ValueType]) = ([], [], [])
    for type in types {
      let (arguments, stackBytes) = Self.places(of: type.parameters)
      layouts.append(
        TypeLayout(
          firstParameter: Int32(places.count), parameterCount: Int32(arguments.count),
          firstResult: Int32(results.count),
          resultCount: Int32(type.results.count), stackBytes: stackBytes, signature: SignatureNumbers.number(of: type)))
      places += arguments
      results += type.results
    }
    self.types = layouts
    self.places = places
    self.results = results
    self.functionTypes = functionTypes
    self.importedFunctions = importedFunctions
    self.globalTypes = globalTypes
    self.importedGlobals = importedGlobals
    self.tableTypes = tableTypes
    self.hasMemory = hasMemory
    self.tagTypes = tagTypes
    tagValues = tagTypes.map { Int(layouts[Int($0)].parameterCount) }.max() ?? 0
  }

  convenience init(_ module: WasmModule) {
    self.init(
      types: module.types, functionTypes: module.functions.map { UInt32($0.type) },
      importedFunctions: module.importedFunctionCount, globalTypes: module.globals.map(\.type.value),
      importedGlobals: module.importedGlobalCount, tableTypes: module.tables.map(\.type.element),
      hasMemory: !module.memories.isEmpty,
      tagTypes: module.tags.map { UInt32($0.type) })
  }

  /// As C passes them: integers and references in six registers, floats in eight, the others on the stack.
  static func places(of parameters: [ValueType]) -> (places: [ArgumentPlace], stackBytes: Int32) {
    let integers: [UInt8] = [7, 6, 2, 1, 8, 9]  // rdi, rsi, rdx, rcx, r8, r9
    var (integer, vector, offset): (Int, UInt8, Int32) = (0, 0, 0)
    let places = parameters.map { type in
      if type.isFloat, vector < 8 {
        defer { vector += 1 }
        return ArgumentPlace(type: type, register: 16 + vector, offset: 0)
      }
      if !type.isFloat, integer < integers.count {
        defer { integer += 1 }
        return ArgumentPlace(type: type, register: integers[integer], offset: 0)
      }
      defer { offset += 8 }
      return ArgumentPlace(type: type, register: ArgumentPlace.stack, offset: offset)
    }
    return (places, (offset + 15) & ~15)
  }

  // MARK: - Displacements from the context

  static let words = Int32(FTRACE_WASM_CONTEXT_WORDS)
  func global(_ index: Int) -> Int32 { Self.words + Int32(index) * 8 }
  func table(_ index: Int) -> Int32 { global(globalTypes.count + index) }
  func importedFunction(_ index: Int) -> Int32 { table(tableTypes.count + index) }
  func tag(_ index: Int) -> Int32 { importedFunction(importedFunctions + index) }
  /// Words behind the context.
  var wordCount: Int { globalTypes.count + tableTypes.count + importedFunctions + tagTypes.count }
}

extension ValueType: BitwiseCopyable {
  /// Whether values are in vector registers.
  var isFloat: Bool { self == .f32 || self == .f64 }
  /// Whether values have eight bytes.
  var isWide: Bool { self != .i32 && self != .f32 }
}

extension FunctionType {
  /// The same as the engine knows it: nil where there are more results than one.
  var signature: FtraceEngine.Signature? {
    results.count > 1 ? nil : FtraceEngine.Signature(parameters.map(\.valueClass), returning: results.first?.valueClass)
  }
}

extension ValueType {
  fileprivate var valueClass: ValueClass {
    switch self {
    case .i32: .int32
    case .i64: .int64
    case .f32: .float
    case .f64: .double
    case .funcref, .externref, .exnref: .pointer
    }
  }
}
