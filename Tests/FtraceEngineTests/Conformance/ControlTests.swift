import Ftrace
import FtraceTestSupport
import Testing

/// Whether an error is `.killed`.
func isKilled(_ error: any Error) -> Bool {
  if case FtraceError.killed = error { true } else { false }
}

@Suite struct ControlTests {
  @Test("row 42: an update does what is pending, or says why not")
  func forceUpdate() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let before = runtime.statistics
      try runtime.forceUpdate()
      #expect(runtime.statistics == before, "nothing was pending")
      _ = f(1)
      try runtime.forceUpdate()
      #expect(runtime.statistics.updateTotal == 1)
      #expect(runtime.statistics.stops == before.stops + 1)

      let g = try runtime.adder("g", 1)
      try runtime.setEnabled(false)
      try runtime.forceUpdate()
      runtime.recordLate(ip: try g.handle.entry)
      let pending = runtime.statistics
      #expect(pending.pending == 1)
      #expect { try runtime.forceUpdate() } throws: { error in
        if case FtraceError.busy = error { true } else { false }
      }
      #expect(runtime.statistics == pending)
      #expect(try g.handle.site == .call(runtime.stubAddresses.mcount))

      try runtime.kill()
      #expect { try runtime.forceUpdate() } throws: { isKilled($0) }
    }
  }

  @Test("row 42: at emission nothing is ever pending", arguments: [true, false])
  func forceUpdateAtEmission(enabled: Bool) throws {
    try withRuntime(.atEmission, .set(\.enabled, enabled)) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let before = runtime.statistics
      try runtime.forceUpdate()
      #expect(runtime.statistics == before)
      try runtime.kill()
      #expect { try runtime.forceUpdate() } throws: { isKilled($0) }
    }
  }

  @Test("row 43: killing ends patching for good", arguments: RecordingMode.allCases, [false, true])
  func kill(mode: RecordingMode, restoring: Bool) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(5)
      for f in functions[..<4] { _ = f(1) }
      try runtime.forceUpdate()
      let log = CallLog()
      let ops = log.ops("own", filter: TraceFilter(trace: ["f0", "f1"]))
      try runtime.register(ops)
      try runtime.kill(restoringSites: restoring, reason: "the test says so")
      #expect(runtime.killedReason == "the test says so")
      #expect(runtime.registeredOps.map(\.name) == ["own"], "the state stays visible")
      if restoring {
        for f in functions[..<4] { #expect(try f.handle.site == .nop) }
      } else {
        #expect(try functions[0].handle.site != .nop)
      }
      #expect(try functions[2].handle.site == .nop)

      let (sites, written) = (runtime.sites.map(\.bytes), runtime.statistics.sitesWritten)
      let inner = (try runtime.mcountTarget, try runtime.callerTarget)
      let late = log.ops("late")
      #expect { try runtime.register(late) } throws: { isKilled($0) }
      #expect { try runtime.setEnabled(false) } throws: { isKilled($0) }
      #expect { try runtime.setEnabled(true) } throws: { isKilled($0) }
      #expect { try runtime.forceUpdate() } throws: { isKilled($0) }
      #expect { try runtime.setFilter(.all, of: ops) } throws: { isKilled($0) }
      try runtime.advanceDaemonClock(by: .seconds(5))
      try runtime.kill()  // again: nothing
      for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
      #expect(runtime.sites.map(\.bytes) == sites)
      #expect(runtime.statistics.sitesWritten == written)
      #expect(try inner == (runtime.mcountTarget, runtime.callerTarget))
      #expect(runtime.statistics.pending == 0)
      if restoring { #expect(log.entries.isEmpty) }
      #expect(runtime.killedReason == "the test says so")
    }
  }

  @Test(
    "rows 40, 43: also after a kill, an unregistered callback is not called", arguments: RecordingMode.allCases,
    [false, true])
  func unregisterAfterKill(mode: RecordingMode, restoring: Bool) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (gone, late) = (Flag(), Counter())
      let ops = TraceOps(name: "ops") { _ in if gone.isSet { late.add() } }
      try runtime.register(ops)
      try runtime.kill(restoringSites: restoring)
      try runtime.unregister(ops)
      gone.set()
      for _ in 0..<3 { #expect(f(1) == 2) }
      #expect(late.count == 0)
    }
  }

  @Test(
    "row 43: a program whose tracing was killed goes on: functions are defined, replaced and freed",
    arguments: RecordingMode.allCases)
  func lifeAfterKill(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let old = try runtime.adder("old", 1)
      _ = old(1)
      try runtime.kill()
      let new = try runtime.adder("new", 2)
      #expect(new(1) == 3)
      // Nothing records it any more: its site is a NOP from the beginning.
      #expect(try new.handle.site == .nop)
      try runtime.redefine(new.handle) { f in f.addsToArgument(3) }
      #expect(new(1) == 4)
      #expect(try new.handle.site == .nop)
      #expect(runtime.audit().isSound)
      #expect(throws: Never.self) { try runtime.free(old.handle) }
      #expect(runtime.functionNames == ["new"])
    }
  }

  @Test("row 43: a kill makes NOPs of the sites that were never called, too", arguments: RecordingMode.allCases)
  func uncalledAtKill(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (called, pending, uncalled) = (
        try runtime.adder("called", 1), try runtime.adder("pending", 2), try runtime.adder("uncalled", 3)
      )
      _ = called(1)
      try runtime.forceUpdate()
      _ = pending(1)
      try runtime.kill()
      for f in [called, pending, uncalled] { #expect(try f.handle.site == .nop) }
      #expect((called(1), pending(1), uncalled(1)) == (2, 3, 4))
      #expect(runtime.audit().isSound)
      #expect(runtime.sites.allSatisfy { $0.state == .nop })
      for f in [called, pending, uncalled] { try runtime.free(f.handle) }
      for _ in 0..<2 { try runtime.reclaim() }
      #expect(runtime.statistics.retiredCodeBytes == 0)
    }
  }

  @Test("row 45: several threads test at once", arguments: RecordingMode.allCases)
  func selfTestsAtOnce(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let passed = Counter()
      onThreads(4) { _ in
        for _ in 0..<5 where (try? runtime.selfTest()) == true { passed.add() }
      }
      #expect(passed.count == 20)
      #expect(runtime.registeredOps.isEmpty && runtime.functionNames.isEmpty)
    }
  }

  @Test(
    "row 45: the self test finds no call before, one after, and leaves everything as it was",
    arguments: RecordingMode.allCases)
  func selfTest(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      let ops = log.ops("ops", filter: TraceFilter(functions: ["f"]))
      try runtime.register(ops)
      _ = f(1)
      try runtime.forceUpdate()
      let (sites, names, ops0) = (runtime.sites, runtime.functionNames, runtime.registeredOps.map(\.name))
      #expect(try runtime.selfTest())
      #expect(runtime.sites == sites)
      #expect(runtime.functionNames == names)
      #expect(runtime.registeredOps.map(\.name) == ops0)
      #expect(runtime.killedReason == nil)
      #expect(log.take().count == 1)
      try runtime.setEnabled(false)
      #expect(try !runtime.selfTest(), "there is nothing to test while tracing is off")
      #expect(runtime.killedReason == nil)
    }
  }

  @Test("row 45: a self test that fails kills tracing")
  func selfTestFails() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      // mcount does nothing from here on: what is called the first time is neither recorded nor delivered.
      runtime.poke([0xC3], at: runtime.stubAddresses.mcount)
      #expect { try runtime.selfTest() } throws: { isKilled($0) }
      #expect(runtime.killedReason?.contains("self test") == true)
      #expect { try runtime.register(CallLog().ops("late")) } throws: { isKilled($0) }
      #expect(f(1) == 2)
      #expect(runtime.functionNames == ["f"])
    }
  }

  @Test(
    "row 45: a filter on one function: no entry before its call, exactly one after", arguments: RecordingMode.allCases)
  func kernelsOwn(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (target, other) = (try runtime.adder("trace_selftest_dyn", 1), try runtime.adder("other", 2))
      let (exact, glob, all) = (Counter(), Counter(), Counter())
      let ops = [
        TraceOps(name: "exact", filter: TraceFilter(functions: ["trace_selftest_dyn"])) { _ in exact.add() },
        TraceOps(name: "glob", filter: TraceFilter(trace: ["trace_self*"], notrace: ["other"])) { _ in glob.add() },
        TraceOps(name: "all") { _ in all.add() },
      ]
      for one in ops { try runtime.register(one) }
      #expect((exact.count, glob.count, all.count) == (0, 0, 0))
      _ = other(1)
      #expect((exact.count, glob.count, all.count) == (0, 0, 1))
      _ = target(1)
      #expect((exact.count, glob.count, all.count) == (1, 1, 2))
      for one in ops { try runtime.unregister(one) }
      _ = (target(1), other(1))
      #expect((exact.count, glob.count, all.count) == (1, 1, 2))
      #expect(runtime.audit().isSound)
    }
  }
}
