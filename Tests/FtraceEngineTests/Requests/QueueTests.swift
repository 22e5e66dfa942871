import CFtraceShims
import Ftrace
import FtraceTestSupport
import Testing

/// Requests that wait together are served together: one plan, one stop.
@Suite struct QueueTests {
  @Test("one stop serves eight threads that wait, and each gets what it asked for", arguments: RecordingMode.allCases)
  func oneStop(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(10)
      for f in functions { _ = f(1) }
      let (log, errors) = (CallLog(), Errors())
      let (old, changed) = (log.ops("old"), log.ops("changed", filter: TraceFilter(functions: ["f1"])))
      try runtime.register(old)
      try runtime.register(changed)
      let (a, b) = (log.ops("a"), log.ops("b", filter: TraceFilter(trace: ["f2", "renamed"])))
      let (freed, renamed) = (functions[8].handle, functions[9].handle)
      let pending = try runtime.adder("pending", 1)
      _ = pending(1)
      _ = log.take()
      let before = runtime.statistics
      runtime.queued([
        errors.noting("register a") {
          let status = try runtime.register(a)
          #expect(status == .active)
        },
        errors.noting("register b") { try runtime.register(b) },
        errors.noting("unregister") { try runtime.unregister(old) },
        errors.noting("setFilter") { try runtime.setFilter(TraceFilter(functions: ["f3"]), of: changed) },
        errors.noting("free") { try runtime.free(freed) },
        errors.noting("rename") { try runtime.rename(renamed, to: "renamed") },
        errors.noting("tick") { try runtime.advanceDaemonClock(by: .seconds(1)) },
        errors.noting("update") { try runtime.forceUpdate() },
      ])
      #expect(errors.all == [])
      let after = runtime.statistics
      #expect(after.stops == before.stops + 1)
      #expect(after.ticks == before.ticks + 1)
      #expect(after.pending == 0)
      #expect(runtime.registeredOps.map(\.name) == ["b", "a", "changed"])
      #expect(!freed.isLive)
      for (number, f) in functions.enumerated() where number != 8 {
        #expect(f(1) == 1 + number)
        let wanted = [2: ["b", "a"], 3: ["a", "changed"], 9: ["b", "a"]][number] ?? ["a"]
        #expect(log.take().map(\.ops) == wanted, "f\(number)")
      }
      #expect(runtime.audit().isSound)
    }
  }

  @Test("reclaiming takes one stop more, for all who wait for it", arguments: RecordingMode.allCases)
  func reclamation(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let functions = try runtime.adders(8)
      // Handles that go retire their gates.
      defer { withExtendedLifetime(functions) {} }
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let (before, errors) = (runtime.statistics.stops, Errors())
      runtime.queued(
        functions[..<4].map { f in errors.noting("free") { try runtime.free(f.handle) } }
          + (0..<4).map { _ in errors.noting("reclaim") { try runtime.reclaim() } })
      #expect(errors.all == [])
      #expect(runtime.statistics.stops == before + 2)
      #expect(runtime.statistics.retiredCodeBytes == 0)
      #expect(runtime.statistics.functions == 4)
    }
  }

  @Test("requests are served in the order in which they came", arguments: RecordingMode.allCases)
  func order(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (log, errors) = (CallLog(), Errors())
      let ops = (0..<4).map { log.ops("\($0)") }
      runtime.queued(ops.map { one in errors.noting("register") { try runtime.register(one) } })
      #expect(runtime.registeredOps.map(\.name) == ["3", "2", "1", "0"])
      let last = ops[3]
      runtime.queued([
        errors.noting("off") { try runtime.setEnabled(false) },
        errors.noting("filter 1") { try runtime.setFilter(TraceFilter(functions: ["f"]), of: last) },
        errors.noting("rename") { try runtime.rename(f.handle, to: "g") },
        errors.noting("on") { try runtime.setEnabled(true) },
        errors.noting("filter 2") { try runtime.setFilter(TraceFilter(functions: ["g"]), of: last) },
        errors.noting("gone") { try runtime.unregister(ops[0]) },
        errors.noting("back") { try runtime.register(ops[0]) },
      ])
      #expect(errors.all == [])
      #expect(runtime.isEnabled)
      _ = log.take()
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["0", "3", "2", "1"])
    }
  }

  @Test(
    "each request fails by itself, with its own error, and the others are served", arguments: RecordingMode.allCases)
  func ownErrors(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(3)
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let (log, errors) = (CallLog(), Errors())
      let (a, b, c) = (log.ops("a"), log.ops("b"), log.ops("c", filter: TraceFilter(functions: ["f1"])))
      // Classes: that of shared ops, and one of those who want f0.
      runtime.limitSiteClasses(to: 2)
      let before = runtime.statistics.stops
      runtime.queued([
        errors.noting("a") { try runtime.register(a) },
        errors.noting("a again") { try runtime.register(a) },
        errors.noting("first") { try runtime.register(log.ops("d", filter: TraceFilter(functions: ["f0"]))) },
        errors.noting("class") { try runtime.register(c) },
        errors.noting("filter") { try runtime.setFilter(.all, of: b) },
        errors.noting("name") { try runtime.rename(functions[0].handle, to: "f2") },
        errors.noting("unknown") { try runtime.unregister(b) },
        errors.noting("b") { try runtime.register(b) },
      ])
      let expected: [(String, FtraceError)] = [
        ("a again", .alreadyRegistered("a")), ("class", .tooManySiteClasses(limit: 2)),
        ("filter", .notRegistered("b")), ("name", .nameTaken("f2")), ("unknown", .notRegistered("b")),
      ]
      #expect(Set(errors.all) == Set(expected.map { "\($0): \($1)" }))
      #expect(runtime.statistics.stops == before + 1)
      #expect(runtime.registeredOps.map(\.name) == ["b", "d", "a"])
      _ = (functions[0](1), functions[1](1))
      #expect(log.take().map(\.ops) == ["b", "d", "a", "b", "a"])
    }
  }

  @Test("a kill divides the queue: before it all is done, after it all is refused", arguments: RecordingMode.allCases)
  func kill(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (log, errors) = (CallLog(), Errors())
      let (early, late) = (log.ops("early"), log.ops("late"))
      runtime.queued([
        errors.noting("early") { try runtime.register(early) },
        errors.noting("kill") { try runtime.kill(reason: "enough") },
        errors.noting("late") { try runtime.register(late) },
      ])
      #expect(errors.all == ["late: \(FtraceError.killed(reason: "enough"))"])
      #expect(runtime.registeredOps.map(\.name) == ["early"])
      #expect(runtime.killedReason == "enough")
      #expect(try f.handle.site == .nop)
    }
  }

  @Test(
    "a stop that is given up fails all that waited for it, and nothing has changed", arguments: RecordingMode.allCases)
  func late(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.stopDeadline, .milliseconds(20)), .set(\.stopGrace, nil)) { runtime in
      let functions = try runtime.adders(3)
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let log = CallLog()
      let (old, new) = (log.ops("old", filter: TraceFilter(functions: ["f0"])), log.ops("new"))
      try runtime.register(old)
      let (inside, leave, errors) = (Flag(), Flag(), Errors())
      try beside(
        {
          do {
            try withWorker { worker in
              worker.inside {
                inside.set(); leave.wait()
              }
            }
          } catch { Issue.record("\(error)") }
        },
        meanwhile: {
          defer { leave.set() }
          inside.wait()
          let before = try Snapshot(runtime)
          runtime.queued([
            errors.noting("register") { try runtime.register(new) },
            errors.noting("unregister") { try runtime.unregister(old) },
            errors.noting("filter") { try runtime.setFilter(.all, of: new) },
            errors.noting("off") { try runtime.setEnabled(false) },
            errors.noting("rename") { try runtime.rename(functions[1].handle, to: "f0x") },
            errors.noting("twice") { try runtime.rename(functions[1].handle, to: "f0y") },
          ])
          #expect(errors.all.count == 6)
          #expect(errors.all.allSatisfy { $0.contains("the stop was given up") }, "\(errors.all)")
          #expect(runtime.statistics.timeouts == 1)
          let after = try Snapshot(runtime)
          for (one, other) in zip(Mirror(reflecting: before).children, Mirror(reflecting: after).children) {
            #expect("\(one.value)" == "\(other.value)")
          }
          #expect(functions.map { $0(1) } == [1, 2, 3])
          #expect(log.take().map(\.ops) == ["old"])
        })
      // And afterwards all of it is possible.
      try runtime.register(new)
      try runtime.unregister(old)
      try runtime.setFilter(TraceFilter(functions: ["f0x"]), of: new)
      try runtime.rename(functions[1].handle, to: "f0x")
      #expect(functions.map { $0(1) } == [1, 2, 3])
      #expect(log.take().map(\.ops) == ["new"])
    }
  }

  @Test("a worker that waits for its turn is parked: stops do not wait for it", arguments: RecordingMode.allCases)
  func waitsParked(mode: RecordingMode) throws {
    try withRuntimes(2, mode, .set(\.stopGrace, nil)) { runtimes in
      let (runtime, other) = (runtimes[0], runtimes[1])
      let (errors, ops) = (Errors(), TraceOps(name: "ops") { _ in })
      runtime.queued(
        [
          errors.noting("register") { try withWorker { worker in try worker.inside { _ = try runtime.register(ops) } } }
        ],
        beforeServing: { errors.noting("stop") { try other.stopOnce() }() })
      #expect(errors.all == [])
      #expect(runtime.registeredOps.count == 1)
    }
  }

  @Test("a request from inside a callback is refused before it is queued", arguments: RecordingMode.allCases)
  func refusedBeforeQueue(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let (box, errors) = (Late<TraceRuntime>(runtime), Errors())
      defer { box.clear() }
      let ops = TraceOps(name: "ops") { _ in
        let runtime = box.value
        errors.noting("tick") { try runtime.advanceDaemonClock(by: .seconds(1)) }()
        errors.noting("rename") { try runtime.rename(runtime.function(named: "f"), to: "g") }()
        errors.noting("free") { try runtime.free([runtime.function(named: "f")], force: true) }()
        if runtime.waitingRequests != 0 { errors.noting("queued") { throw QuiesceError.insideCallback }() }
      }
      try runtime.register(ops)
      let before = runtime.statistics
      #expect(f(1) == 2)
      let message = "\(FtraceError.quiescence(.insideCallback))"
      #expect(errors.all == ["tick", "rename", "free"].map { "\($0): \(message)" })
      #expect(runtime.statistics.ticks == before.ticks)
      #expect(runtime.functionNames == ["f"])
      // Refused for good: nothing of it happens later.
      try runtime.unregister(ops)
      try runtime.forceUpdate()
      #expect(f(1) == 2)
    }
  }
}
