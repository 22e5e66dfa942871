import FtraceWasm
import Testing

@Suite struct FunctionNamesTests {
  /// Five functions; the third and fourth are exported as `out` and `run`, and the sections given follow.
  private func names(_ custom: String) throws -> [String] {
    try WasmModule(
      decoding: module(
        "01 04 01 60 00 00 03 06 05 00 00 00 00 00 07 0D 02 03 6F 75 74 00 02 03 72 75 6E 00 03"
          + "0A 10 05 02 00 0B 02 00 0B 02 00 0B 02 00 0B 02 00 0B" + custom)
    ).functionNames()
  }

  @Test("without a name section: the export's name, else the index")
  func exports() throws {
    #expect(try names("") == ["wasm-function[0]", "wasm-function[1]", "out", "run", "wasm-function[4]"])
  }

  @Test("the name section comes first, and later functions of a name are numbered")
  func section() throws {
    // 0 and 1 are both called "a", 2 is "b", 4 is "a" again.
    #expect(
      try names("00 14 04 6E 61 6D 65 01 0D 04 00 01 61 01 01 61 02 01 62 04 01 61") == [
        "a", "a#2", "b", "run", "a#3",
      ])
  }

  @Test("a number that is taken is left out")
  func taken() throws {
    // 0 "a", 1 "a#2", 2 "a"
    #expect(
      try names("00 13 04 6E 61 6D 65 01 0C 03 00 01 61 01 03 61 23 32 02 01 61").prefix(3) == ["a", "a#2", "a#3"])
  }

  @Test("a damaged name section says what it said up to the damage")
  func damaged() throws {
    #expect(try names("00 0C 04 6E 61 6D 65 01 05 04 00 01 61 01").first == "a")
    #expect(try names("00 0A 04 6E 61 6D 65 01 03 FF FF 03").first == "wasm-function[0]")
  }

  @Test("imported functions have the names of what they import")
  func imports() throws {
    let module = try WasmModule(decoding: CorpusModule.named("references").bytes)
    #expect(module.functionNames().first == "callback")
    let unnamed = try WasmModule(
      decoding: WebAssemblyTests.module("01 04 01 60 00 00 02 09 01 03 65 6E 76 01 66 00 00"))
    #expect(unnamed.functionNames() == ["env.f"])
  }

  @Test("locals have names")
  func locals() throws {
    let module = try WasmModule(decoding: CorpusModule.named("numbers").bytes)
    let section = NameSection(of: module)
    #expect(section.module == "numbers")
    #expect(section.locals(ofFunction: 0) == [0: "a", 1: "b", 2: "t"])
    #expect(section.locals(ofFunction: 1) == [:])
  }
}
