import FtraceTestSupport
import FtraceTraceBuffer
import Testing

@Suite struct CodeNameLogTests {
  @Test(
    "a name that is forgotten leaves no answer, and never a wrong one; what is kept answers as before",
    arguments: 0..<10)
  func model(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let (limit, starts) = (Int.random(in: 1...40, using: &random), UInt64.random(in: 1...12, using: &random))
    var log = CodeNameLog(limit: limit)
    var all: [CodeName] = []
    for epoch in 0..<UInt32(600) {
      // Places that overlap, so that some are under names of other beginnings.
      let start = UInt64.random(in: 0..<starts, using: &random) * 16
      let name = CodeName(
        start: start, size: UInt64.random(in: 1...3, using: &random) * 16, epoch: epoch, name: "\(epoch)",
        signature: "s\(epoch)")
      all.append(name)
      log.append(name)
    }
    #expect(log.count == all.count)
    // What is not gone does not overlap.
    #expect(log.names.count <= 2 * max(limit, Int(starts) + 3 + limit))
    let (exact, index) = (CodeNameIndex(all), CodeNameIndex(log.names))
    var forgotten = 0
    for offset in stride(from: UInt64(0), to: (starts + 3) * 16, by: 8) {
      for epoch in 0..<UInt32(600) {
        let (expected, found) = (exact.name(at: offset, epoch: epoch), index.name(at: offset, epoch: epoch))
        if let found {
          #expect(found == expected)
        } else if let expected {
          forgotten += 1
          #expect(isGone(expected, all))
        }
      }
    }
    #expect(forgotten > 0)
  }

  /// Whether other code has taken a place of its.
  private func isGone(_ name: CodeName, _ all: [CodeName]) -> Bool {
    all.contains { $0.epoch > name.epoch && $0.start < name.start + name.size && name.start < $0.start + $0.size }
  }

  @Test("what a stream has not written yet is kept, and found by its number")
  func unwritten() {
    var log = CodeNameLog(limit: 4)
    log.firstKept = 10
    func name(_ number: Int) -> CodeName { CodeName(start: 0, size: 16, epoch: UInt32(number), name: "\(number)") }
    for number in 0..<100 { log.append(name(number)) }
    #expect(log.dropFirst(10).map(\.name) == (10..<100).map { "\($0)" })
    #expect(log.names.count < 100)
    log.firstKept = .max
    for number in 100..<200 { log.append(name(number)) }
    #expect(log.names.count <= 12)
    #expect(log.dropFirst(198).map(\.name) == ["198", "199"])
    #expect(log.dropFirst(200).isEmpty)
  }
}
