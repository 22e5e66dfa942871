/// Names that the custom section `name` gives to the module, its functions and their locals.
///
/// They are hints: a section that is damaged says what it said up to the damage, and indices that do not exist are left out.
package struct NameSection: Sendable {
  package private(set) var module: String?
  /// By function index, nil where there is no name or an empty one; imported functions have names too.
  package private(set) var functions: [String?]

  private let bytes: ModuleBytes
  /// Where the names of one function's locals stand.
  private var locals: [Int: Range<Int>] = [:]

  /// Reads the last `name` section of the module, if it has one.
  package init(of module: WasmModule) {
    bytes = module.bytes
    functions = Array(repeating: nil, count: module.functions.count)
    guard let section = module.customSections.last(where: { $0.name == "name" }) else { return }
    var reader = BytesReader(module.bytes, in: section.contents)
    do throws(WasmModuleError) {
      while !reader.isAtEnd { try subsection(&reader) }
    } catch {
      // The names read so far are as good as those of an undamaged section.
    }
  }

  /// Names of a function's parameters and locals, by their index.
  package func locals(ofFunction function: Int) -> [Int: String] {
    guard let range = locals[function] else { return [:] }
    var reader = BytesReader(bytes, in: range)
    var names: [Int: String] = [:]
    do throws(WasmModuleError) {
      try Self.names(&reader) { names[$0] = $1 }
    } catch {
      // As above.
    }
    return names
  }

  private mutating func subsection(_ reader: inout BytesReader) throws(WasmModuleError) {
    let id = try reader.byte()
    var part = try reader.part(Int(try reader.u32()))
    switch id {
    case 0: module = try part.name().string
    case 1:
      try Self.names(&part) { function, name in
        if function < functions.count, !name.isEmpty { functions[function] = name }
      }
    case 2:
      for _ in 0..<(try part.u32()) {
        let function = Int(try part.u32())
        let begin = part.offset
        try Self.names(&part) { _, _ in }
        if function < functions.count { locals[function] = begin..<part.offset }
      }
    default: break
    }
  }

  private static func names(
    _ reader: inout BytesReader, _ body: (Int, String) -> Void
  ) throws(WasmModuleError) {
    for _ in 0..<(try reader.u32()) {
      let index = Int(try reader.u32())
      body(index, try reader.name().string)
    }
  }
}
