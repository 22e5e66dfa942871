import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtracePlatform
import FtraceQuiescence
import FtraceTestSupport
import Glibc
import Testing

/// Thunks: the one place by which every call comes to an ops.
@Suite struct ThunkTests {
  @Test(
    "a call that is in one callback when tracing is switched off does not reach the next",
    arguments: RecordingMode.allCases, [false, true])
  func switchedOff(mode: RecordingMode, filtered: Bool) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (inFirst, goOn, off, late, calls, result) = (Flag(), Flag(), Flag(), Counter(), Counter(), Counter())
      let filter = filtered ? TraceFilter(trace: ["f"]) : .all
      let older = TraceOps(name: "older", filter: filter) { _ in
        calls.add()
        if off.isSet { late.add() }
      }
      let newer = TraceOps(name: "newer", filter: filter) { _ in
        inFirst.set()
        parked { goOn.wait() }
      }
      try runtime.register(older)
      try runtime.register(newer)
      try beside(
        { result.add(f(41)) },
        meanwhile: {
          defer { goOn.set() }
          inFirst.wait()
          try runtime.setEnabled(false)
          off.set()
        })
      #expect(result.count == 42)
      #expect(late.count == 0, "a callback was called after tracing had been switched off")
      try runtime.setEnabled(true)
      #expect(f(1) == 2)
      #expect(calls.count == 1, "and once it is on again it is called")
      #expect(runtime.audit().isSound)
    }
  }

  @Test("a kill is an end for calls under way as well", arguments: RecordingMode.allCases)
  func killed(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (inFirst, goOn, calls) = (Flag(), Flag(), Counter())
      let (older, newer) = (
        TraceOps(name: "older") { _ in calls.add() },
        TraceOps(name: "newer") { _ in
          inFirst.set()
          parked { goOn.wait() }
        }
      )
      try runtime.register(older)
      try runtime.register(newer)
      try beside(
        { _ = f(1) },
        meanwhile: {
          defer { goOn.set() }
          inFirst.wait()
          try runtime.kill()
        })
      #expect(calls.count == 0)
      for ops in [older, newer] { try runtime.unregister(ops) }
    }
  }

  /// What a handler does that has interrupted a thunk: it has the ops unregistered and waits for the stop; and for the return as well,
  /// unless the callback may run.
  private final class Interruption: Sendable {
    let begun = Flag()
    let gone = Flag()
    let acted = Flag()
    private let code: Range<UInt>
    private let before: [UInt8]

    init(_ code: Range<UInt>) {
      self.code = code
      before = memory(at: code.lowerBound, count: code.count)
    }

    func act() {
      begun.set()
      while memory(at: code.lowerBound, count: code.count) == before { sched_yield() }
      if !Quiescence.isInsideCallback { gone.wait() }
      acted.set()
    }
  }

  @Test(
    "a handler of the program has interrupted a thunk: once `unregister` has returned there is no call, wherever it was",
    arguments: [false, true])
  func interrupted(filtered: Bool) throws {
    try withRuntime(.atEmission, alone: true) { runtime in
      typealias Function = @convention(c) (UInt64) -> UInt64
      let f = try runtime.adder("f", 1)
      // Safe: the gate of a function of this type, which is held.
      let call = unsafe unsafeBitCast(try f.handle.gate(), to: Function.self)
      var (step, length) = (UInt64.max, UInt64(1))
      while step == .max || step < length {
        let (calls, late, step_) = (Counter(), Counter(), step)
        let gone = Flag()
        let ops = TraceOps(name: "ops", filter: filtered ? TraceFilter(trace: ["f"]) : .all) { _ in
          calls.add()
          if gone.isSet { late.add() }
        }
        try runtime.register(ops)
        let code = try #require(runtime.thunkCode(of: ops))
        let interruption = Interruption(code)
        let steps = unsafe beside({
          interruption.begun.wait()
          do { try runtime.unregister(ops) } catch { Issue.record("\(error)") }
          gone.set()
          interruption.gone.set()
        }) {
          var steps = unsafe ftrace_test_steps()
          unsafe (steps.from, steps.to, steps.at) = (UInt64(code.lowerBound), UInt64(code.upperBound), step_)
          unsafe steps.context = Unmanaged.passUnretained(interruption).toOpaque()
          unsafe steps.action = { context in
            // Safe: the test holds the object until the call has returned.
            guard let context = unsafe context else { return }
            unsafe Unmanaged<Interruption>.fromOpaque(context).takeUnretainedValue().act()
          }
          #expect(unsafe ftrace_test_call_in_steps(call, 41, &steps) == 42)
          interruption.begun.set()
          return unsafe steps
        }
        withExtendedLifetime(interruption) {}
        #expect(late.count == 0, "instruction \(step_) of \(length): called after the ops was unregistered")
        if step_ == .max {
          length = unsafe steps.steps
          #expect(length > 10, "the thunk was not seen")
          #expect(calls.count == 1)
          step = 0
        } else {
          #expect(interruption.acted.isSet)
          step += 1
        }
        try runtime.reclaim()
      }
      #expect(runtime.audit().isSound)
    }
  }

  @Test(
    "a site whose page cannot be written keeps its trampoline, and that the thunk it calls",
    arguments: RecordingMode.allCases)
  func unwritableSite(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      // On pages of its own.
      let f = try runtime.define("f", as: ((Int) -> Int).self) { f in
        f.addsToArgument(1)
        f.nop(12_288 - f.offset)
      }
      _ = f(1)
      let log = CallLog()
      let ops = log.ops("own", filter: TraceFilter(functions: ["f"]))
      try runtime.register(ops)
      #expect(f(1) == 2)
      #expect(log.take().count == 1)
      let thunk = try #require(runtime.thunkGate(of: ops))
      let alias = try #require(runtime.writableAlias(of: f.handle.entry))
      try protect(alias, readOnly: true)
      defer {
        let page = alias & ~UInt(System.pageSize - 1)
        do { try System.mprotect(page, bytes: System.pageSize, .readWrite) } catch { Issue.record("\(error)") }
      }
      try runtime.unregister(ops)
      #expect(runtime.quarantinedSites.map(\.function) == ["f"])
      for round in 0..<4 {
        try runtime.reclaim()
        // What is free is used again.
        _ = try runtime.importFunction("filler \(round)", bytes: [UInt8](repeating: 0xCC, count: 64), sites: [])
      }
      #expect(runtime.thunksHeldBack == 1)
      #expect(memory(at: thunk, count: 1) == [0xE9], "the thunk passes calls over")
      #expect(f(1) == 2)
      #expect(log.take().isEmpty)
    }
  }

  @Test("a thunk that was overwritten ends tracing, and the command has changed nothing else")
  func overwritten() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      let (a, b) = (log.ops("a"), log.ops("b"))
      try runtime.register(a)
      try runtime.register(b)
      _ = f(1)
      let thunk = try #require(runtime.thunkGate(of: a))
      runtime.poke([0x90, 0x90, 0x90, 0x90, 0x90], at: thunk)
      #expect(runtime.audit().damaged.map(\.ip) == [thunk])
      #expect {
        try runtime.unregister(a)
      } throws: { error in
        guard case FtraceError.engineCodeDamaged(thunk, _, [0x90, 0x90, 0x90, 0x90, 0x90]) = error else { return false }
        return true
      }
      #expect(runtime.registeredOps.map(\.name) == ["b", "a"])
      #expect(runtime.killedReason != nil)
      #expect(f(1) == 2)
    }
  }
}
