import Ftrace
import FtraceTestSupport
import Testing

/// The capacities of the original: 10,033 records, 127 more a tick, a guard at 100,000 conversions.
@Suite struct SeedLimitTests {
  private let capacity = 10_033

  @Test("rows 8, 9: records end at the capacity and come back 127 a tick, and the program does not notice")
  func exhaustion() throws {
    try withRuntime(.onFirstCall, .set(\.limits, .seed2008)) { runtime in
      let extra = 300
      let functions = try runtime.manyAdders(capacity + extra)
      #expect(runtime.statistics.recordCapacity == capacity)
      // With nothing used there is nothing to replenish.
      try runtime.advanceDaemonClock(by: .seconds(3))
      #expect(runtime.statistics.recordCapacity == capacity)

      func callAll() throws { for f in functions { #expect(try runtime.callDirectly(f, 1) == 2) } }
      try callAll()
      #expect(runtime.statistics.records == capacity)
      #expect(runtime.statistics.pending == capacity)
      #expect(runtime.statistics.exhausted == extra)
      for f in functions[capacity...] { #expect(try f.site == .call(runtime.stubAddresses.mcount)) }

      // The conversion, and one page of records; with that page unused the next tick adds none.
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.updateTotal == capacity)
      #expect(runtime.statistics.recordCapacity == capacity + 127)
      try runtime.advanceDaemonClock(by: .seconds(2))
      #expect(runtime.statistics.recordCapacity == capacity + 127)
      try callAll()
      #expect(runtime.statistics.records == capacity + 127)
      #expect(runtime.statistics.exhausted == extra + (extra - 127))

      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.recordCapacity == capacity + 254)
      try callAll()
      #expect(runtime.statistics.records == capacity + 254)
      #expect(runtime.statistics.exhausted == extra + (extra - 127) + (extra - 254))

      try runtime.advanceDaemonClock(by: .seconds(1))
      try callAll()
      #expect(runtime.statistics.records == capacity + extra)
      try runtime.forceUpdate()
      #expect(Set(runtime.entrySites.map(\.state)) == [.nop])
      #expect(runtime.killedReason == nil)
    }
  }

  @Test("row 8: without records left, functions are emitted untraced, say so, and work")
  func exhaustionAtEmission() throws {
    try withRuntime(.atEmission, .set(\.limits, RecordLimits(capacity: 10))) { runtime in
      let functions = try runtime.adders(15)
      #expect(runtime.statistics.records == 10)
      #expect(runtime.statistics.exhausted == 5)
      let counter = Counter()
      let ops = TraceOps(name: "count") { _ in counter.add() }
      try runtime.register(ops)
      for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
      #expect(counter.count == 10)
      #expect(runtime.entrySites.count { $0.state == .excluded(.noRecord) } == 5)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("row 8: records of functions that are freed are used again", arguments: RecordingMode.allCases)
  func recordsComeBack(mode: RecordingMode) throws {
    try withRuntime(mode, .set(\.limits, RecordLimits(capacity: 4))) { runtime in
      for round in 0..<20 {
        let functions = try runtime.adders(4, prefix: "round\(round)-")
        for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
        #expect(runtime.statistics.records == 4, "round \(round)")
        if round % 2 == 0 { try runtime.forceUpdate() }
        for f in functions { try runtime.free(f.handle) }
        try runtime.reclaim()
        #expect(runtime.statistics.records == 0, "round \(round)")
      }
      #expect(runtime.statistics.exhausted == 0)
    }
  }

  @Test("rows 8, 9, 13: by default there is neither a capacity to run out of, nor a guard")
  func defaults() throws {
    try withRuntime { runtime in
      let functions = try runtime.manyAdders(capacity + 200)
      for f in functions { #expect(try runtime.callDirectly(f, 1) == 2) }
      #expect(runtime.statistics.records == capacity + 200)
      #expect(runtime.statistics.exhausted == 0)
      runtime.setUpdateTotal(100_000)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.updateTotal == 100_000 + capacity + 200)
      #expect(runtime.warnings.isEmpty)
      #expect(runtime.killedReason == nil)
    }
  }

  @Test("row 13: beyond 100,000 conversions there is one warning with the real total, and tracing is killed")
  func overflow() throws {
    try withRuntime(.onFirstCall, .set(\.limits, .seed2008)) { runtime in
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 2))
      runtime.setUpdateTotal(99_999)
      #expect(f(1) == 2)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.updateTotal == 100_000)
      #expect(runtime.killedReason == nil, "the limit itself is allowed")
      #expect(runtime.warnings.isEmpty)

      #expect(g(1) == 3)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.warnings.count == 1)
      #expect(runtime.warnings.first?.contains("100001") == true)
      #expect(runtime.killedReason != nil)
      let log = CallLog()
      #expect(throws: FtraceError.self) { try runtime.register(log.ops("late")) }
      try runtime.advanceDaemonClock(by: .seconds(10))
      #expect(runtime.warnings.count == 1)
      #expect((f(1), g(1)) == (2, 3))
    }
  }
}
