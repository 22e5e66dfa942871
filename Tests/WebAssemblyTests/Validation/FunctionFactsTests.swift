import FtraceWasm
import Testing

@Suite struct FunctionFactsTests {
  private func facts(_ body: String) throws -> FunctionFacts {
    try #require(WasmModule(decoding: function(body)).validate().facts.first)
  }

  @Test("operands and blocks are counted where they are most")
  func depths() throws {
    // Three constants inside two blocks, one constant behind them.
    let facts = try facts("00 02 40 02 40 41 00 41 00 41 00 1A 1A 1A 0B 0B 41 00 1A 0B")
    #expect(facts.maximumOperands == 3)
    #expect(facts.maximumFrames == 3)
    #expect(facts.instructions == 13)
    #expect(!facts.hasLoop && !facts.hasCall && !facts.catchesExceptions)
  }

  @Test("what one function has is not said of the next")
  func fresh() throws {
    let bodies = "0A 0B 02 05 00 03 40 0B 0B 03 00 01 0B"
    let module = try WasmModule(decoding: module("01 04 01 60 00 00 03 03 02 00 00" + bodies)).validate()
    #expect(module.facts.map(\.hasLoop) == [true, false])
    #expect(module.facts.map(\.maximumFrames) == [2, 1])
  }

  @Test("calls, loops and handlers are noticed")
  func flags() throws {
    #expect(try facts("00 10 00 0B").hasCall)
    #expect(try facts("00 12 00 0B").hasCall)
    #expect(try facts("00 03 40 0B 0B").hasLoop)
    #expect(try facts("00 06 40 0B 0B").catchesExceptions)
    #expect(try facts("00 1F 40 00 0B 0B").catchesExceptions)
  }

  @Test("types are equal if the first equal ones are")
  func canonicalTypes() throws {
    let module = try WasmModule(decoding: module("01 0D 03 60 01 7F 00 60 00 01 7F 60 01 7F 00")).validate()
    #expect(module.canonicalTypes == [0, 1, 0])
  }
}
