import CFtraceShims
import Ftrace
import FtraceTestSupport
import Testing

@Suite struct OpsErrorTests {
  @Test("the 33rd ops is refused, and there is room again when one leaves", arguments: RecordingMode.allCases)
  func tooManyOps(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      let ops = (0..<33).map { log.ops("\($0)", filter: $0 % 2 == 0 ? .all : TraceFilter(trace: ["f*"])) }
      for one in ops[..<32] { try runtime.register(one) }
      try expectUnchanged(runtime) {
        try runtime.register(ops[32])
      } fails: {
        if case .tooManyOps(limit: 32) = $0 { true } else { false }
      }
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == (0..<32).reversed().map { "\($0)" })
      try runtime.unregister(ops[7])
      try runtime.register(ops[32])
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["32"] + (0..<32).reversed().filter { $0 != 7 }.map { "\($0)" })
    }
  }

  @Test("setting the filter of what is not registered fails", arguments: RecordingMode.allCases)
  func filterOfUnknown(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      try expectUnchanged(runtime) {
        try runtime.setFilter(.all, of: CallLog().ops("unknown"))
      } fails: {
        if case .notRegistered("unknown") = $0 { true } else { false }
      }
    }
  }

  @Test("a ninth runtime is refused, and there is room again when one goes", arguments: RecordingMode.allCases)
  func nineRuntimes(mode: RecordingMode) throws {
    try aloneInProcess {
      var runtimes = try (0..<8).map { _ in try TraceRuntime(testConfiguration(mode)) }
      for _ in 0..<3 {
        #expect {
          try TraceRuntime(testConfiguration(mode))
        } throws: { error in
          if case FtraceError.quiescence(.tooManyRuntimes(limit: 8)) = error { true } else { false }
        }
      }
      runtimes.remove(at: 3)
      runtimes.append(try TraceRuntime(testConfiguration(mode)))
      let f = try runtimes[7].adder("f", 1)
      #expect(f(1) == 2)
    }
  }

  @Test(
    "a worker that does not arrive is named, and the command has changed nothing", arguments: RecordingMode.allCases)
  func timedOut(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.stopDeadline, .milliseconds(20)), .set(\.stopGrace, nil)) { runtime in
      let (inside, leave) = (Flag(), Flag())
      let host = try runtime.hostFunction("wait") { () -> Void in
        inside.set()
        leave.wait()
      }
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 1))
      let stuck = try runtime.define("stuck", as: (() -> Void).self) { f in
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      let log = CallLog()
      let (ops, new) = (log.ops("ops", filter: TraceFilter(functions: ["f"])), log.ops("new"))
      try runtime.register(ops)
      _ = (f(1), f(1))
      #expect(log.take().count == 2)
      _ = g(1)
      try beside(
        {
          do {
            try withWorker(named: "stuck worker") { _ in stuck() }
          } catch { Issue.record("\(error)") }
        },
        meanwhile: {
          defer { leave.set() }
          inside.wait()
          let commands: [(Comment, () throws -> Void)] = [
            ("register", { try runtime.register(new) }), ("unregister", { try runtime.unregister(ops) }),
            ("setFilter", { try runtime.setFilter(.all, of: ops) }), ("setEnabled", { try runtime.setEnabled(false) }),
            ("rename", { try runtime.rename(f.handle, to: "renamed") }), ("kill", { try runtime.kill() }),
          ]
          for (name, command) in commands {
            try expectUnchanged(runtime, name, command) { error in
              guard case .quiescence(.timedOut(let late, 0, _)) = error else { return false }
              return late.map(\.name) == ["stuck worker"] && late[0].depth == 1 && error.description.contains("stuck")
            }
            #expect(f(1) == 2)
            #expect(log.take().map(\.ops) == ["ops"], name)
          }
          if mode == .onFirstCall {
            try expectUnchanged(runtime, "forceUpdate", { try runtime.forceUpdate() }) { error in
              if case .quiescence(.timedOut) = error { true } else { false }
            }
            #expect(runtime.statistics.pending > 0, "what was pending is so again")
          }
          #expect(runtime.statistics.timeouts >= 6)
        })
      // Nothing is in the way any more, and nothing was lost.
      try runtime.register(new)
      #expect(runtime.statistics.pending == 0)
      _ = (f(1), g(1))
      #expect(log.take().map(\.ops) == ["new", "ops", "new"])
    }
  }

  @Test("the same ops in two runtimes gets the calls of both", arguments: RecordingMode.allCases)
  func twoRuntimes(mode: RecordingMode) throws {
    try withRuntimes(2, mode) { runtimes in
      let calls = Counter()
      let ops = TraceOps(name: "ops") { _ in calls.add() }
      let functions = try runtimes.map { try $0.adder("f", 1) }
      for runtime in runtimes { try runtime.register(ops) }
      for f in functions { _ = f(1) }
      #expect(calls.count == 2)
      try runtimes[0].unregister(ops)
      for f in functions { _ = f(1) }
      #expect(calls.count == 3)
      try runtimes[1].unregister(ops)
      for f in functions { _ = f(1) }
      #expect(calls.count == 3)
    }
  }
}
