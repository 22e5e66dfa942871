import FtraceTestSupport
import FtraceTraceBuffer
import Testing

@Suite struct CodeNameIndexTests {
  @Test("whatever names overlap, the index finds what a look at all of them finds", arguments: 0..<20)
  func model(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let span = UInt64(seed % 2 == 0 ? 64 : 4096)
    let names = (0..<Int.random(in: 0...300, using: &random)).map { number in
      // Some are before the arena's beginning, and some reach the end of the addresses.
      let start = UInt64.random(in: 0..<span, using: &random) &- span / 2
      let size = UInt64.random(in: 0...span / 4, using: &random)
      let reach = start.addingReportingOverflow(size)
      return CodeName(
        start: start, size: reach.overflow && reach.partialValue > 0 ? 0 &- start : size,
        epoch: UInt32.random(in: 0..<8, using: &random), name: "\(number)")
    }
    let index = CodeNameIndex(names)
    for offset in 0..<span {
      let offset = offset &- span / 2
      for epoch in UInt32(0)..<8 {
        let expected = names.last { $0.epoch <= epoch && offset >= $0.start && offset &- $0.start < $0.size }
        #expect(index.name(at: offset, epoch: epoch) == expected)
      }
    }
  }

  @Test("names are found at their first and last bytes, and nothing beside them")
  func boundaries() {
    let index = CodeNameIndex([
      CodeName(start: 16, size: 16, epoch: 0, name: "a", signature: "Int64->"),
      CodeName(start: 32, size: 8, epoch: 2, name: "b"),
    ])
    #expect(index.name(at: 15, epoch: 9) == nil)
    #expect(index.name(at: 16, epoch: 0)?.signature == "Int64->")
    #expect(index.name(at: 31, epoch: 9)?.name == "a")
    #expect(index.name(at: 32, epoch: 1) == nil)
    #expect(index.name(at: 39, epoch: 2)?.name == "b")
    #expect(index.name(at: 40, epoch: 9) == nil)
    #expect(CodeNameIndex([]).name(at: 0, epoch: 0) == nil)
  }
}
