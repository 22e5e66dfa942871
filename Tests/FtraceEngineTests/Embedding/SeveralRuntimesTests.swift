import CFtraceShims
import Ftrace
import FtraceTestSupport
import Testing

@Suite struct SeveralRuntimesTests {
  @Test("runtimes do not see each other's functions, ops, switches or ends", arguments: RecordingMode.allCases)
  func apart(mode: RecordingMode) throws {
    try withRuntimes(4, mode) { runtimes in
      let functions = try runtimes.enumerated().map { try $1.adder("f", Int32($0)) }
      let log = CallLog()
      let ops = runtimes.indices.map { log.ops("\($0)") }
      for (runtime, one) in zip(runtimes, ops) { try runtime.register(one) }
      func called() -> [String] {
        for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
        return log.take().map(\.ops)
      }
      #expect(called() == ["0", "1", "2", "3"])
      try runtimes[1].setEnabled(false)
      #expect(called() == ["0", "2", "3"])
      try runtimes[2].kill()
      #expect(called() == ["0", "3"])
      try runtimes[3].unregister(ops[3])
      #expect(called() == ["0"])
      try runtimes[1].setEnabled(true)
      #expect(called() == ["0", "1"])
      let addresses = try functions.map { try $0.handle.entry }
      #expect(runtimes[0].name(of: addresses[0]) == "f")
      #expect(runtimes[0].name(of: addresses[1]) == nil)
    }
  }

  @Test("runtimes at work in parallel: every call is counted where it belongs", arguments: RecordingMode.allCases)
  func parallel(mode: RecordingMode) throws {
    let (rounds, calls) = (30, 200)
    try withRuntimes(3, mode) { runtimes in
      let counts = runtimes.map { _ in Counter() }
      let errors = Counter()
      onThreads(6) { number in
        let (runtime, count) = (runtimes[number % 3], counts[number % 3])
        do {
          for round in 0..<rounds {
            let f = try runtime.adder("thread \(number)", Int32(number))
            if number < 3 {
              // One that traces its own function exactly, while others come and go.
              let seen = Counter()
              let ops = TraceOps(name: "\(number)", filter: TraceFilter(functions: ["thread \(number)"])) { _ in
                seen.add()
              }
              try runtime.register(ops)
              for argument in 0..<calls where f(argument) != argument + number { errors.add() }
              try runtime.unregister(ops)
              count.add(seen.count)
            } else {
              for argument in 0..<calls where f(argument) != argument + number { errors.add() }
              if round % 4 == 0 { try runtime.forceUpdate() }
            }
            try runtime.free(f.handle)
          }
        } catch { Issue.record("\(error)") }
      }
      #expect(errors.count == 0)
      #expect(counts.map(\.count) == Array(repeating: rounds * calls, count: 3))
      for runtime in runtimes {
        #expect(runtime.audit().isSound)
        #expect(runtime.functionNames.isEmpty)
        #expect(runtime.quarantinedSites.isEmpty)
      }
    }
  }

  @Test("a runtime that ends takes nothing away from the one that gets its place")
  func places() throws {
    // All permits: as many runtimes as there are threads are made here.
    try withRuntime(alone: true) { _ in
      let wrong = Counter()
      onThreads(3) { _ in
        for _ in 0..<60 {
          do {
            let runtime = try TraceRuntime(testConfiguration())
            let f = try runtime.adder("f", 1)
            // Where stops and walks must know the engine's own code from functions.
            for _ in 0..<200 where ftrace_territory_of(UInt64(try f.handle.entry)) != Int32(runtime.slotIndex) {
              wrong.add()
            }
            if f(1) != 2 { wrong.add() }
          } catch { wrong.add() }
        }
      }
      #expect(wrong.count == 0)
    }
  }

  @Test("what belongs to another runtime is refused, and changes neither", arguments: RecordingMode.allCases)
  func foreign(mode: RecordingMode) throws {
    try withRuntimes(2, mode) { runtimes in
      let f = try runtimes[0].adder("f", 1)
      let own = try runtimes[1].adder("f", 2)
      func isForeign(_ error: any Error) -> Bool {
        if case FtraceError.foreignFunction("f") = error {
          "\(error)".contains("the one that it was defined in")
        } else {
          false
        }
      }
      let misuses: [(TraceRuntime) throws -> Void] = [
        { runtime in try runtime.redefine(f.handle) { $0.addsToArgument(3) } },
        { runtime in try runtime.rename(f.handle, to: "g") },
        { runtime in try runtime.free(f.handle) },
        { runtime in try runtime.free([own.handle, f.handle], force: true) },
        { runtime in _ = try runtime.typed(f.handle, as: ((Int) -> Int).self) },
        { runtime in _ = try runtime.typed(f.handle, as: ((Int) -> Void).self) },
      ]
      for misuse in misuses {
        #expect { try misuse(runtimes[1]) } throws: { isForeign($0) }
        #expect(f(1) == 2)
        #expect(own(1) == 3)
        #expect(runtimes.map(\.functionNames) == [["f"], ["f"]])
      }
    }
  }

  @Test("code cannot refer to functions or closures of another runtime", arguments: RecordingMode.allCases)
  func foreignCode(mode: RecordingMode) throws {
    try withRuntimes(2, mode) { runtimes in
      // As many of each kind in both, so that numbers that were each runtime's own would stand for something in the other.
      let functions = try runtimes.map { try $0.adder("f", 1) }
      let hosts = try runtimes.map { try $0.hostFunction("host") { (x: Int) -> Int in x } }
      let uses: [(String, (FunctionBuilder, Int) -> Void)] = [
        ("refers to a function", { f, owner in f.call(slot: functions[owner].symbol) }),
        ("refers to a function", { f, owner in f.tailCall(slot: functions[owner].symbol) }),
        ("refers to a host function", { f, owner in f.call(hosts[owner]) }),
      ]
      for (owner, other) in [(0, 1), (1, 0)] {
        for (text, use) in uses {
          func build(_ f: FunctionBuilder) {
            f.entrySite()
            f.prologue()
            use(f, owner)
            f.functionReturn()
          }
          let caller = try runtimes[owner].define("caller", as: ((Int) -> Int).self, build)
          _ = caller(1)
          try runtimes[owner].free(caller.handle)
          #expect {
            _ = try runtimes[other].define("caller", as: ((Int) -> Int).self, build)
          } throws: {
            guard case FtraceError.invalidImage("caller", .unresolvedSymbol) = $0 else { return false }
            return "\($0)".contains(text) && "\($0)".contains("another runtime")
          }
          #expect(runtimes[other].functionNames == ["f"])
        }
      }
    }
  }

  @Test("the asynchronous forms do the same")
  func asynchronous() async {
    // In a process of its own: a test must not hold a runtime while it is suspended.
    await #expect(processExitsWith: .success) {
      let runtime = try await TraceRuntime(testConfiguration())
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let calls = Counter()
      let ops = TraceOps(name: "ops") { _ in calls.add() }
      #expect(try await runtime.register(ops) == .active)
      _ = f(1)
      #expect(calls.count == 1)
      try await runtime.setFilter(TraceFilter(notrace: ["f"]), of: ops)
      _ = f(1)
      #expect(calls.count == 1)
      try await runtime.setFilter(.all, of: ops)
      try await runtime.setEnabled(false)
      _ = f(1)
      try await runtime.setEnabled(true)
      _ = f(1)
      #expect(calls.count == 2)
      try await runtime.forceUpdate()
      try await runtime.unregister(ops)
      await #expect(throws: FtraceError.self) { try await runtime.unregister(ops) }
      try await runtime.free(f.handle)
      try await runtime.reclaim()
      #expect(runtime.functionNames.isEmpty)

      let g = try await runtime.define("g", signature: Signature([.int64], returning: .int64)) { $0.addsToArgument(1) }
      let typed = try await runtime.typed(g, as: ((Int) -> Int).self)
      #expect(typed(1) == 2)
      try await runtime.redefine(g) { $0.addsToArgument(2) }
      #expect(typed(1) == 3)
      try await runtime.rename(g, to: "h")
      #expect(runtime.functionNames == ["h"])
      await #expect(throws: FtraceError.self) { try await runtime.define("h") { $0.addsToArgument(1) } }
      #expect(try await runtime.selfTest())
      #expect(try await runtime.audit(releasing: true).isSound)
      let ticks = runtime.statistics.ticks
      try await runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.ticks == ticks + 1)
      #expect(try await runtime.free([g], force: true).allSatisfy { $0 == nil })
      try await runtime.kill(reason: "the end")
      #expect(runtime.killedReason == "the end")
    }
  }
}
