import FtraceTestSupport
import FtraceTorture
import Testing

/// A seed fixes what each thread does, whatever the others do and whoever comes first.
@Suite struct SeedTests {
  private func operations(seed: UInt64, grace: Duration?) throws -> [TortureThread: OperationLog] {
    try aloneInProcess {
      var options = TortureOptions()
      (options.threads, options.functions, options.seed, options.grace) = (3, 40, seed, grace)
      (options.steps, options.turns) = (150, 60)
      let report = try Torture(options).run()
      // So few turns can be over before anything is traced.
      #expect(report.mismatches.allSatisfy { $0.hasPrefix("nothing was traced") })
      return report.operations
    }
  }

  @Test func aSeedFixesTheOperationsOfEachThread() throws {
    let first = try operations(seed: 7, grace: .zero)
    // The same, with stops that find the workers elsewhere.
    let second = try operations(seed: 7, grace: nil)
    #expect(first == second)
    #expect(Set(first.keys) == Set([.init(.controller)] + (0..<3).map { .init(.worker, index: $0) }))
    #expect(first[TortureThread(.controller)]?.count == 150)
    for index in 0..<3 { #expect(first[TortureThread(.worker, index: index)]?.count == 60 * 32) }
    #expect(Set(first.values.map(\.hash)).count == first.count)
    let other = try operations(seed: 8, grace: .zero)
    for (thread, log) in first { #expect(other[thread]?.hash != log.hash, "\(thread)") }
  }

  @Test func threadsHaveNumbersAndSeedsOfTheirOwn() {
    var threads = [TortureThread(.controller), TortureThread(.child)]
    for index in 0..<20 {
      for incarnation in 0..<20 { threads.append(.init(.worker, index: index, incarnation: incarnation)) }
    }
    #expect(Set(threads.map(\.number)).count == threads.count)
    #expect(!threads.map(\.number).contains(0))
    #expect(Set(threads.map { $0.seed(of: 1) }).count == threads.count)
    #expect(Set(threads.map { $0.seed(of: 1) }).isDisjoint(with: threads.map { $0.seed(of: 2) }))
    #expect(threads.allSatisfy { $0.seed(of: 3) == $0.seed(of: 3) })
  }
}
