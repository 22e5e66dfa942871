import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import Testing

/// Reclamation at scale, while a worker neither leaves its outermost call nor polls.
@Suite struct ManyRedefinitionsTests {
  /// `make check` asks for a million.
  private static let count = Environment["FTRACE_TEST_REDEFINITIONS"].flatMap(Int.init) ?? 20_000

  @Test(
    "redefinitions are batched, and do not grow the arena, beside a worker that spins without polls",
    arguments: RecordingMode.allCases)
  func bounded(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.stopGrace, .zero)) { runtime in
      let f = try runtime.adder("f", 0)
      let spin = try runtime.spinner("spin")
      let (words, calls) = (SharedWords(2), Counter())
      let ops = TraceOps(name: "count", filter: TraceFilter(functions: ["f"])) { _ in calls.add() }
      try runtime.register(ops)
      var called = 0
      func redefine(_ count: Int) throws {
        for round in 1...count {
          let number = Int32(round & 0xFFFF)
          try runtime.redefine(f.handle) { $0.addsToArgument(number) }
          // Bodies that were called have a record each; others are never recorded.
          guard round % 16 == 0 else { continue }
          #expect(f(1) == 1 + Int(number))
          called += 1
        }
      }
      try beside({ _ = spin(Int(bitPattern: unsafe words.base)) }) {
        defer { words[0] = 1 }
        while words[1] == 0 {}
        // Until reclamation has found its rhythm.
        try redefine(4_096)
        let (before, stops) = (runtime.arenaStatistics, runtime.statistics.stops)
        try redefine(Self.count)
        let after = runtime.arenaStatistics
        #expect(after.committedBytes == before.committedBytes)
        #expect(after.peakBytes <= 2 * before.peakBytes)
        // A size of block that was not there before has a list of its own, and a stop that is late finds more that waits.
        #expect(after.metadataBytes <= before.metadataBytes + 512)
        #expect(after.slots == before.slots)
        #expect(after.dataBytes == before.dataBytes)
        // One body in sixteen has one, of those that wait together.
        #expect(runtime.statistics.records <= 128)
        let made = runtime.statistics.stops - stops
        #expect(made > 0)
        #expect(made <= Self.count / 100, "\(made) stops for \(Self.count) redefinitions")
        print(
          "\(Self.count) redefinitions: \(made) stops, \(after.committedBytes) bytes committed, at most \(after.peakBytes) in use"
        )
      }
      #expect(calls.count == called)
      #expect(runtime.statistics.timeouts == 0)
    }
  }
}
