import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Testing

@Suite struct DaemonTests {
  @Test("row 10: the daemon converts after a full period, and only when something is pending")
  func period() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let start = runtime.statistics.stops
      try runtime.advanceDaemonClock(by: .seconds(5))
      #expect(runtime.statistics.stops == start, "nothing was pending")
      #expect(runtime.statistics.ticks == 5)
      #expect(f(1) == 2)
      try runtime.advanceDaemonClock(by: .milliseconds(999))
      #expect(runtime.statistics.stops == start)
      #expect(try f.handle.site == .call(runtime.stubAddresses.mcount))
      try runtime.advanceDaemonClock(by: .milliseconds(1))
      #expect(runtime.statistics.stops == start + 1)
      #expect(try f.handle.site == .nop)
      try runtime.advanceDaemonClock(by: .seconds(10))
      #expect(runtime.statistics.stops == start + 1)
    }
  }

  @Test("row 10: while tracing is off the daemon does nothing, even if something became pending at the last moment")
  func disabled() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      try runtime.setEnabled(false)
      runtime.recordLate(ip: try f.handle.entry)
      #expect(runtime.isTriggered)
      let before = runtime.statistics.stops
      try runtime.advanceDaemonClock(by: .seconds(3))
      #expect(runtime.statistics.stops == before)
      #expect(runtime.isTriggered)
      try runtime.setEnabled(true)
      #expect(!runtime.isTriggered)
      #expect(try f.handle.site == .nop)
    }
  }

  @Test("row 10: the daemon runs while ops are registered, and converts each site to what they want")
  func withOps() throws {
    try withRuntime { runtime in
      let log = CallLog()
      try runtime.register(log.ops("some", filter: TraceFilter(trace: ["wanted*"])))
      let (wanted, other) = (try runtime.adder("wanted", 1), try runtime.adder("other", 1))
      #expect(wanted(1) == 2)
      #expect(other(1) == 2)
      let before = runtime.statistics
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.stops == before.stops + 1)
      #expect(try other.handle.site == .nop)
      guard case .call(let trampoline) = try wanted.handle.site else {
        Issue.record("the wanted site is not a call")
        return
      }
      #expect(trampoline != runtime.stubAddresses.mcount)
      #expect(wanted(1) == 2)
      #expect(log.entries.map(\.ip) == [try wanted.handle.entry, try wanted.handle.entry])
    }
  }

  @Test("row 10: the daemon's own thread converts by itself")
  func systemClock() throws {
    try withRuntime(.onFirstCall, .set(\.daemonClock, .system), .set(\.daemonPeriod, .milliseconds(1))) { runtime in
      let f = try runtime.adder("f", 1)
      #expect(f(1) == 2)
      while runtime.statistics.updateTotal == 0 {}
      #expect(try f.handle.site == .nop)
      #expect(runtime.statistics.pending == 0)
    }
  }

  @Test("row 11: one stop converts all that is pending, and accounts for it")
  func conversion() throws {
    try withRuntime { runtime in
      let functions = try runtime.adders(100)
      for (number, f) in functions[..<70].enumerated() { #expect(f(1) == 1 + number) }
      let start = runtime.statistics
      #expect(start.pending == 70)
      try runtime.advanceDaemonClock(by: .seconds(1))
      let first = runtime.statistics
      #expect(first.stops == start.stops + 1)
      #expect(first.pending == 0)
      #expect(!runtime.isTriggered)
      #expect((first.updateCount, first.updateTotal) == (70, 70))
      #expect(first.updateTime > .zero)
      #expect(first.sitesWritten == start.sitesWritten + 70)
      for f in functions[..<70] {
        #expect(try f.handle.site == .nop)
        #expect(memory(at: try f.handle.entry, count: 5) == [0x0F, 0x1F, 0x44, 0x00, 0x00])
      }
      for f in functions[70...] { #expect(try f.handle.site == .call(runtime.stubAddresses.mcount)) }

      for f in functions[70...] { _ = f(1) }
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect((runtime.statistics.updateCount, runtime.statistics.updateTotal) == (30, 100))
    }
  }

  @Test("row 7: what is recorded between the plan and the stop stays pending, and the next conversion takes it")
  func betweenPlanAndStop() throws {
    try withRuntime(alone: true, .set(\.stopGrace, nil)) { runtime in
      let (early, late) = (try runtime.adder("early", 1), try runtime.adder("late", 2))
      #expect(early(1) == 2)
      let (inside, result) = (Flag(), Counter())
      // Inside, and not polling: the stop waits for this call, so its plan is complete when the worker finds itself armed.
      let box = Late(late)
      defer { box.clear() }
      let host = try runtime.hostFunction("late call") { (argument: Int) -> Int in
        inside.set()
        while !ftrace_test_armed() {}
        return box.value(argument)
      }
      let caller = try runtime.define("caller", as: ((Int) -> Int).self) { f in
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      try beside(
        { result.add(caller(40)) },
        meanwhile: {
          inside.wait()
          try runtime.advanceDaemonClock(by: .seconds(1))
        })
      #expect(result.count == 42)
      #expect(try early.handle.site == .nop)
      #expect(try late.handle.site == .call(runtime.stubAddresses.mcount))
      #expect(runtime.statistics.pending == 1)
      #expect(runtime.statistics.updateTotal == 1)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(try late.handle.site == .nop)
      #expect(runtime.statistics.pending == 0)
      #expect(runtime.statistics.updateTotal == 2)
      #expect(runtime.quarantinedSites.isEmpty)
    }
  }
}
