import Ftrace
import FtraceTestSupport
import Testing

/// `retire()`: a removal for which nobody waits.
@Suite struct RetireTests {
  @Test("the next command that takes a stop removes it, in the same stop", arguments: RecordingMode.allCases)
  func nextCommit(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let log = CallLog()
      let (gone, new) = (log.ops("gone"), log.ops("new"))
      try runtime.register(gone)
      runtime.retire(gone)
      // Twice is as good as once, and what is not registered is nobody's concern.
      runtime.retire(gone)
      runtime.retire(log.ops("unknown"))
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["gone"])
      let before = runtime.statistics.stops
      try runtime.register(new)
      #expect(runtime.statistics.stops == before + 1)
      #expect(runtime.registeredOps.map(\.name) == ["new"])
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["new"])
      // Its place is free again, and it can come back.
      try runtime.register(gone)
      try runtime.forceUpdate()
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.registeredOps.map(\.name) == ["gone", "new"])
      #expect(runtime.warnings.isEmpty)
    }
  }

  @Test("while no stop is possible it is put off, with a warning, and never lost", arguments: RecordingMode.allCases)
  func putOff(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.stopDeadline, .milliseconds(2)), .set(\.stopGrace, nil)) { runtime in
      let f = try runtime.adder("f", 1)
      let calls = Counter()
      let ops = TraceOps(name: "stubborn") { _ in calls.add() }
      try runtime.register(ops)
      _ = f(1)
      runtime.retire(ops)
      besideLateWorker {
        for turn in 1...45 {
          #expect(throws: FtraceError.self) { try runtime.advanceDaemonClock(by: .seconds(1)) }
          #expect(runtime.warnings.count == (turn < 10 ? 0 : turn < 20 ? 1 : turn < 40 ? 2 : 3))
        }
        #expect(runtime.warnings.allSatisfy { $0.contains("'stubborn'") })
        #expect(runtime.registeredOps.count == 1)
        _ = f(1)
        #expect(calls.count == 2, "it works as long as it is registered")
      }
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.registeredOps.isEmpty)
      _ = f(1)
      #expect(calls.count == 2)
    }
  }

  @Test("the daemon's thread does not wait for its period", arguments: RecordingMode.allCases)
  func woken(mode: RecordingMode) throws {
    try withRuntime(mode, .set(\.daemonClock, .system), .set(\.daemonPeriod, .seconds(3_600))) { runtime in
      let f = try runtime.adder("f", 1)
      let box = Late<(runtime: TraceRuntime, own: TraceOps)>()
      defer { box.clear() }
      let ops = TraceOps(name: "once") { _ in box.value.runtime.retire(box.value.own) }
      box.set((runtime, ops))
      try runtime.register(ops)
      while !runtime.registeredOps.isEmpty { #expect(f(1) == 2) }
      #expect(runtime.statistics.ticks == 0)
    }
  }

  @Test("what its closure captured goes, outside of the engine's lock", arguments: RecordingMode.allCases)
  func released(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 1)
      let (ends, box) = (Counter(), Late<TraceRuntime>(runtime))
      defer { box.clear() }
      /// Uses the runtime at its end, which waits for ever if the lock is held.
      final class Captured: Sendable {
        let ends: Counter
        let box: Late<TraceRuntime>
        init(_ ends: Counter, _ box: Late<TraceRuntime>) { (self.ends, self.box) = (ends, box) }
        deinit { ends.add(box.value.isEnabled ? 1 : 100) }
      }
      func retired() throws {
        let captured = Captured(ends, box)
        let ops = TraceOps(name: "ops") { _ in withExtendedLifetime(captured) {} }
        try runtime.register(ops)
        _ = f(1)
        runtime.retire(ops)
      }
      try retired()
      #expect(ends.count == 0)
      try runtime.advanceDaemonClock(by: .seconds(1))
      try runtime.reclaim()
      #expect(ends.count == 1)
    }
  }
}
