import FtraceWasm
import Testing

@Suite struct ModuleTests {
  @Test("every section of a module is there after decoding")
  func sections() throws {
    let module = try WasmModule(decoding: CorpusModule.named("references").bytes)
    #expect(module.imports.map(\.name) == ["callback", "table", "base", "memory"])
    #expect(module.importedFunctionCount == 1)
    #expect(module.functions.count == 9)
    #expect(module.bodies.count == 8)
    #expect(module.tables.map(\.type.element) == [.funcref, .funcref, .externref])
    #expect(module.tables.map(\.type.limits.maximum) == [10, nil, 8])
    #expect(module.memories.count == 1 && module.importedMemoryCount == 1)
    #expect(module.globals.map(\.type.value) == [.i32, .i32, .i64, .externref, .funcref])
    #expect(module.globals[1].type.isMutable && module.globals[1].initial?.operations == [.i32(0)])
    #expect(module.start?.function == 3)
    #expect(module.elements.map(\.items.count) == [3, 1, 2, 2, 1])
    #expect(module.elements[1].mode == .active(table: 0, offset: module.globalGet(0, like: module.elements[1])))
    #expect(module.elements[4].mode == .declarative)
    #expect(module.dataCount == 2 && module.data.count == 2)
    #expect(module.bytes[module.data[1].bytes] == Array("passive bytes".utf8))
    #expect(module.exports.map(\.name) == ["apply", "tail", "bulk", "objects", "reference"])
  }

  @Test("an initial value may be a sum of products")
  func extendedConstants() throws {
    let module = try WasmModule(decoding: CorpusModule.named("references").bytes)
    #expect(
      module.globals[2].initial?.operations == [.i64(5), .i64(2), .i64(3), .binary(.i64Mul), .binary(.i64Add)])
  }

  @Test("locals are given as runs")
  func locals() throws {
    let module = try WasmModule(decoding: function("03 02 7F 00 7E 01 7C 0B"))
    #expect(module.bodies.first?.localCount == 3)
    #expect(module.localRuns.map(\.count) == [2, 1])
    #expect(module.localRuns.map(\.type) == [.i32, .f64])
  }

  @Test("modules with two memories are for hosts that run them")
  func multipleMemories() throws {
    let bytes = module("05 05 02 00 00 00 00")
    let module = try WasmModule(decoding: bytes, features: .multipleMemories).validate(features: .multipleMemories)
    #expect(module.module.memories.count == 2)
  }
}

extension WasmModule {
  /// The expression of one `global.get` that stands where a segment's does.
  fileprivate func globalGet(_ index: Int, like segment: ElementSegment) -> ConstantExpression {
    guard case .active(_, let offset) = segment.mode else { return ConstantExpression(offset: 0, operations: []) }
    return ConstantExpression(offset: offset.offset, operations: [.globalGet(index)])
  }
}
