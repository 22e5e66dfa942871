import Ftrace
import FtraceTestSupport
import Testing

/// Who keeps what alive, and for how long.
@Suite struct LifetimeTests {
  /// Uses the runtime at its end, which waits for ever if the engine's lock is held.
  private final class Captured: Sendable {
    let ends: Counter
    let box: Late<TraceRuntime>
    init(_ ends: Counter, _ box: Late<TraceRuntime>) { (self.ends, self.box) = (ends, box) }
    deinit { ends.add(box.value.isEnabled ? 1 : 100) }
  }

  @Test("a host closure goes outside of the engine's lock", arguments: RecordingMode.allCases)
  func hostClosure(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let (ends, box) = (Counter(), Late<TraceRuntime>(runtime))
      defer { box.clear() }
      func use() throws {
        let captured = Captured(ends, box)
        let host = try runtime.hostFunction("host") { (argument: Int) -> Int in
          withExtendedLifetime(captured) { argument + 1 }
        }
        let caller = try runtime.define("caller", as: ((Int) -> Int).self) { f in
          f.prologue()
          f.call(host)
          f.functionReturn()
        }
        #expect(caller(1) == 2)
        try runtime.free(caller.handle)
      }
      try use()
      for _ in 0..<3 { try runtime.reclaim() }
      #expect(ends.count == 1)
    }
  }

  @Test(
    "a function that calls itself keeps its slot while its body is in use, although it is freed and forgotten",
    arguments: RecordingMode.allCases)
  func ownSlot(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let stop = PollingLoop()
      let result = Counter()
      let empty = runtime.arenaStatistics.slots
      let started = Flag()
      func start() throws -> UInt {
        let loop = try runtime.define("loop") { f throws(AssemblerError) in
          f.entrySite()
          f.prologue()
          let again = f.here("again")
          let last = f.label("last")
          f.mov(.base(.rdi, 8), .rdi)
          f.poll()
          f.cmp(.qword, .base(.rdi), 0)
          f.j(.e, again)
          f.mov(.eax, 7)
          f.test(.rdi, .rdi)
          f.j(.ne, last)
          f.callSelf()  // never, but the code names the slot
          f.bind(last)
          f.functionReturn()
        }
        return unsafe try loop.rawEntry()
      }
      let entry = try start()
      try beside(
        {
          do {
            try withWorker { worker in
              worker.inside {
                // Safe: the function is freed only once this thread is in its body.
                started.set()
                result.add(stop.run(rawEntry: entry))
              }
            }
          } catch { Issue.record("\(error)") }
        },
        meanwhile: {
          defer { stop.stop() }
          started.wait()
          stop.waitUntilRunning()
          func freeAndForget() throws { try runtime.free(try runtime.function(named: "loop")) }
          try freeAndForget()
          for _ in 0..<3 { try runtime.reclaim() }
          #expect(runtime.arenaStatistics.slots == empty + 1, "the slot that the running code names was given away")
        })
      #expect(result.count == 7)
      for _ in 0..<3 { try runtime.reclaim() }
      #expect(runtime.arenaStatistics.slots == empty)
    }
  }

  @Test(
    "a runtime that is released in use keeps the ops that its code may still call", arguments: RecordingMode.allCases)
  func tornDownInUse(mode: RecordingMode) async {
    // In a process of its own, which keeps the memory for good.
    await #expect(processExitsWith: .success) { [atEmission = (mode == .atEmission) as Bool] in
      let (inside, leave, calls, result) = (Flag(), Flag(), Counter(), Counter())
      typealias Gate = @convention(c) (Int) -> Int
      /// What a callback uses must be there when it runs.
      final class Held: Sendable {
        let calls: Counter
        init(_ calls: Counter) { self.calls = calls }
        deinit { calls.add(1_000) }
      }
      func make() throws -> (TraceRuntime, FunctionHandle) {
        var configuration = testConfiguration(atEmission ? .atEmission : .onFirstCall)
        configuration.stopDeadline = .milliseconds(5)
        configuration.stopGrace = nil
        let runtime = try TraceRuntime(configuration)
        let leaf = try runtime.adder("leaf", 1)
        _ = leaf(1)
        let host = try runtime.hostFunction("wait") { (argument: Int) -> Int in
          inside.set()
          leave.wait()
          return argument
        }
        let caller = try runtime.define("caller", signature: Signature([.int64], returning: .int64)) { f in
          f.prologue()
          f.call(host)
          f.mov(.rdi, .rax)
          f.call(leaf)
          f.functionReturn()
        }
        let held = Held(calls)
        try runtime.register(TraceOps(name: "ops") { _ in held.calls.add() })
        return (runtime, caller)
      }
      func run() throws {
        let gate: UInt
        let box: Late<(TraceRuntime, FunctionHandle)>
        do {
          let made = try make()
          gate = try made.1.gate()
          box = Late(made)
        }
        beside(
          // Safe: the gate of a function of this type; that its memory is kept is what this is about.
          { result.add(unsafe unsafeBitCast(gate, to: Gate.self)(41)) },
          meanwhile: {
            inside.wait()
            box.clear()
            leave.set()
          })
      }
      try run()
      #expect(result.count == 42)
      #expect(calls.count == 1, "the callback ran, with what it captured")
    }
  }

  @Test(
    "a definition that fails leaves nothing, and one that succeeds is seen whole", arguments: RecordingMode.allCases)
  func oneStep(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let slots = runtime.arenaStatistics.slots
      #expect(throws: FtraceError.self) {
        try runtime.importFunction("bad", bytes: [0x90, 0x90], sites: [(offset: 0, kind: .entry)])
      }
      #expect(throws: FtraceError.self) { try runtime.function(named: "bad") }
      #expect(runtime.functionNames.isEmpty)
      #expect(runtime.arenaStatistics.slots == slots)
      let (done, halves) = (Flag(), Counter())
      try beside(
        {
          while !done.isSet {
            if let f = try? runtime.function(named: "f"), !f.isLive { halves.add() }
          }
        },
        meanwhile: {
          defer { done.set() }
          for number in 0..<200 {
            let f = try runtime.adder("f", Int32(number))
            #expect(f(1) == 1 + number)
            try runtime.rename(f.handle, to: "f\(number)")
          }
        })
      #expect(halves.count == 0, "a function without a body was seen")
    }
  }

  @Test("a body bears the name that its function has when it is installed", arguments: RecordingMode.allCases)
  func nameAtRedefinition(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("old", 1)
      let log = CallLog()
      try runtime.register(log.ops("new", filter: TraceFilter(functions: ["new"])))
      var failure: (any Error)?
      try runtime.redefine(f.handle) { b in
        // Renamed by somebody else, while the code is being built.
        do { try runtime.rename(f.handle, to: "new") } catch { failure = error }
        b.addsToArgument(2)
      }
      #expect(failure == nil)
      #expect(f(1) == 3)
      #expect(log.take().count == 1, "the filter sees the new name")
      #expect(runtime.entrySites.map(\.function) == ["new"])
      #expect(runtime.name(of: try f.handle.entry) == "new")
    }
  }

  @Test("a runtime that is let go in a callback takes its ops along, although functions live on")
  func releasedInCallback() throws {
    try aloneInProcess {
      final class Witness: Sendable {}
      weak var witness: Witness?
      let (calls, box) = (Counter(), Late<TraceRuntime>())
      var configuration = testConfiguration()
      configuration.daemonClock = .system
      configuration.daemonPeriod = .milliseconds(5)
      func make() throws -> EmittedFunction<Int, Int> {
        let runtime = try TraceRuntime(configuration)
        let captured = Witness()
        witness = captured
        let f = try runtime.adder("f", 1)
        try runtime.register(
          TraceOps(name: "last") { _ in
            withExtendedLifetime(captured) { calls.add() }
            box.clear()
          })
        box.set(runtime)
        return f
      }
      let f = try make()
      #expect(f(1) == 2)
      // The daemon does it, as soon as it can.
      for _ in 0..<10_000 where witness != nil { ftrace_sleep(1_000_000) }
      #expect(witness == nil)
      let before = calls.count
      #expect(f(1) == 2)
      #expect(calls.count == before)
    }
  }

  @Test("runtimes that cannot be made beside a late worker are not kept")
  func notMade() {
    aloneInProcess {
      let configuration = testConfiguration(
        .onFirstCall, [.set(\.stopDeadline, .milliseconds(2)), .set(\.stopGrace, nil)])
      besideLateWorker {
        for _ in 0..<20 {
          #expect(
            performing: { try TraceRuntime(configuration) },
            throws: { error in
              if case FtraceError.quiescence(.timedOut) = error { true } else { false }
            })
        }
      }
      #expect(RuntimeSlot.takenCount == 0)
    }
  }
}
