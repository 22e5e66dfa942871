/// What a module's bytes say, section by section.
///
/// The binary format was kept; nothing is known yet of whether indices exist and types fit, which is for `validate()` to
/// say. Arrays of functions, tables, memories, globals and tags begin with the imported ones, as indices do.
package struct WasmModule: Sendable {
  package let bytes: ModuleBytes

  package internal(set) var types: [FunctionType] = []
  package internal(set) var imports: [Import] = []
  package internal(set) var functions: [Function] = []
  package internal(set) var tables: [Table] = []
  package internal(set) var memories: [Memory] = []
  package internal(set) var globals: [Global] = []
  package internal(set) var tags: [Tag] = []
  package internal(set) var exports: [Export] = []
  /// The function that instantiation calls.
  package internal(set) var start: Start?
  package internal(set) var elements: [ElementSegment] = []
  package internal(set) var data: [DataSegment] = []
  /// What the section of that name says, which code that uses data segments needs.
  package internal(set) var dataCount: Int?
  /// Code of the defined functions: that of function `importedFunctionCount` is first.
  package internal(set) var bodies: [FunctionBody] = []
  /// Declarations of locals, of all bodies.
  package internal(set) var localRuns: [LocalRun] = []
  package internal(set) var customSections: [CustomSection] = []

  package internal(set) var importedFunctionCount = 0
  package internal(set) var importedTableCount = 0
  package internal(set) var importedMemoryCount = 0
  package internal(set) var importedGlobalCount = 0
  package internal(set) var importedTagCount = 0

  package struct Start: Hashable, Sendable {
    package let function: Int
    package let offset: Int
  }

  init(bytes: ModuleBytes) {
    self.bytes = bytes
  }

  /// The type of a function that is known to exist.
  package func type(ofFunction index: Int) -> FunctionType {
    types[functions[index].type]
  }

  /// The code of a function; nil if it is imported.
  package func body(ofFunction index: Int) -> FunctionBody? {
    index < importedFunctionCount ? nil : bodies[index - importedFunctionCount]
  }
}
