import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Testing

@Suite struct RecordingTests {
  @Test("row 1: a function that was never called begins with a call of mcount, and its ip is its first byte")
  func neverCalled() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let entry = try f.handle.entry
      #expect(try f.handle.site == .call(runtime.stubAddresses.mcount))
      #expect(runtime.entrySites.map(\.state) == [.unrecorded])
      #expect(f(41) == 42)
      #expect(runtime.entrySites.map(\.state) == [.pending])
      #expect(runtime.entrySites.map(\.ip) == [entry])
      #expect(try f.handle.site == .call(runtime.stubAddresses.mcount), "nothing converts it yet")
    }
  }

  @Test("row 1: in the mode that knows sites at emission, a site is born as a NOP")
  func bornAsNop() throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.adder("f", 1)
      #expect(try f.handle.site == .nop)
      #expect(runtime.entrySites.map(\.ip) == [try f.handle.entry])
      #expect(f(41) == 42)
      #expect(runtime.statistics.records == 1)
    }
  }

  @Test("row 2: the first call makes a record and later calls make none", arguments: RecordingMode.allCases)
  func recordsOnce(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let pending = mode == .onFirstCall ? 1 : 0
      #expect(!runtime.isTriggered)
      #expect(runtime.statistics.records == 1 - pending)
      for _ in 0..<3 {
        #expect(f(1) == 2)
        #expect(runtime.statistics.records == 1)
        #expect(runtime.statistics.pending == pending)
        #expect(runtime.isTriggered == (mode == .onFirstCall))
      }
    }
  }

  @Test("row 3: with tracing disabled nothing is recorded", arguments: RecordingMode.allCases)
  func disabled(mode: RecordingMode) throws {
    try withRuntime(mode, .set(\.enabled, false)) { runtime in
      let f = try runtime.adder("f", 1)
      let before = runtime.statistics
      #expect(f(1) == 2)
      #expect(runtime.statistics == before)
      #expect(!runtime.isTriggered)
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.stub))

      try runtime.setEnabled(true)
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.recordIP))
      let g = try runtime.adder("g", 1)
      try runtime.setEnabled(false)
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.stub))
      let off = runtime.statistics
      #expect(g(1) == 2)
      #expect(runtime.statistics == off)
      #expect(!runtime.isTriggered)
    }
  }

  @Test("row 6: threads that call a new function together produce one record", arguments: RecordingMode.allCases)
  func oneRecord(mode: RecordingMode) throws {
    let (threads, rounds) = (8, 100)
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(rounds)
      let (barrier, wrong) = (Barrier(threads), Counter())
      onThreads(threads) { thread in
        for (number, function) in functions.enumerated() {
          barrier.meet()
          if function(thread) != thread + number { wrong.add() }
        }
      }
      #expect(wrong.count == 0)
      #expect(runtime.statistics.records == rounds)
      #expect(runtime.statistics.pending == (mode == .onFirstCall ? rounds : 0))
      #expect(runtime.statistics.exhausted == 0)
      // Each is converted once: a record that is on the list twice would be counted twice.
      try runtime.forceUpdate()
      #expect(runtime.statistics.updateTotal == (mode == .onFirstCall ? rounds : 0))
      #expect(Set(runtime.entrySites.map(\.state)) == [.nop])
    }
  }

  @Test("row 12: a converted function is never recorded again", arguments: RecordingMode.allCases)
  func neverAgain(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      #expect(f(1) == 2)
      try runtime.forceUpdate()
      let before = runtime.statistics
      for _ in 0..<10 { #expect(f(1) == 2) }
      #expect(runtime.statistics == before)
      #expect(!runtime.isTriggered)
    }
  }
}
