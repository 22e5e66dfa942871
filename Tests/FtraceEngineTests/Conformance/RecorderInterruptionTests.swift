import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Testing

/// A signal comes at each instruction of the recorder in turn, and its handler calls functions that are new themselves.
@Suite struct RecorderInterruptionTests {
  /// Interrupts the recorder at one instruction of the recording of `f`; the handler calls `inner` with 1.
  private func interrupt(
    at step: UInt64, callOf f: FunctionHandle, calling inner: FunctionHandle
  ) throws -> (result: UInt64, steps: ftrace_test_steps) {
    typealias Function = @convention(c) (UInt64) -> UInt64
    // Safe: gates of functions of this type; they live as long as the handles, which the caller holds.
    let (outer, called) = unsafe (unsafeBitCast(try f.gate(), to: Function.self), try inner.gate())
    var steps = unsafe ftrace_test_steps()
    unsafe steps.at = step
    unsafe steps.context = UnsafeMutableRawPointer(bitPattern: called)
    unsafe steps.action = { context in
      let inner = unsafe unsafeBitCast(context, to: Function.self)
      _ = inner(1)
    }
    let result = unsafe ftrace_test_call_in_steps(outer, 41, &steps)
    return unsafe (result, steps)
  }

  @Test("rows 4, 5: what interrupts the recorder passes through unrecorded, wherever it comes")
  func everyInstruction() throws {
    try withRuntime { runtime in
      let inner = try runtime.adder("inner", 1)
      let first = try runtime.adder("first", 1)
      let length = unsafe try interrupt(at: .max, callOf: first.handle, calling: inner.handle).steps.steps
      #expect(length > 20, "the recorder was not seen")
      var skipped = 0
      for step in 0..<length {
        let f = try runtime.adder("f\(step)", 1)
        let g = try runtime.adder("g\(step)", 2)
        let before = runtime.statistics
        let (result, steps) = unsafe try interrupt(at: step, callOf: f.handle, calling: g.handle)
        #expect(result == 42)
        #expect(unsafe steps.acted, "step \(step)")
        let after = runtime.statistics
        // Inside the recorder the call is not recorded but counted; before and after, it is a call like any other.
        let guarded = unsafe steps.busy_before != 0
        #expect(after.recursed - before.recursed == (guarded ? 1 : 0), "step \(step)")
        #expect(after.records - before.records == (guarded ? 1 : 2), "step \(step)")
        #expect(after.pending - before.pending == (guarded ? 1 : 2), "step \(step)")
        // One level deep, no more, and back at what it was.
        #expect(unsafe steps.busy_before <= 1)
        #expect(unsafe steps.busy_after == steps.busy_before)
        #expect(ftrace_test_busy() == 0)
        skipped += guarded ? 1 : 0
        // The interrupting function is recorded by a later call.
        #expect(g(1) == 3)
        #expect(runtime.statistics.records - before.records == 2)
      }
      #expect(skipped > 10, "the guard is set for most of the recorder")
      try runtime.forceUpdate()
      #expect(runtime.quarantinedSites.isEmpty)
      #expect(runtime.sites.filter { $0.function != "inner" }.allSatisfy { $0.state == .nop })
    }
  }

  @Test("row 5: a signal handler that calls the very function that is being recorded does not deadlock")
  func sameFunction() throws {
    try withRuntime { runtime in
      let first = try runtime.adder("first", 1)
      let length = unsafe try interrupt(at: .max, callOf: first.handle, calling: first.handle).steps.steps
      for step in 0..<length {
        let f = try runtime.adder("f\(step)", 1)
        let before = runtime.statistics
        #expect(unsafe try interrupt(at: step, callOf: f.handle, calling: f.handle).result == 42)
        #expect(runtime.statistics.records - before.records == 1, "step \(step)")
        #expect(runtime.statistics.pending - before.pending == 1, "step \(step)")
      }
    }
  }

  @Test("row 4: the guard of one thread does not keep others from recording")
  func guardIsPerThread() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      ftrace_test_set_busy(1)
      defer { ftrace_test_set_busy(0) }
      #expect(f(1) == 2)
      #expect(runtime.statistics.records == 0)
      #expect(runtime.statistics.recursed == 1)
      onThreads(1) { _ in _ = f(1) }
      #expect(runtime.statistics.records == 1)
    }
  }

  @Test("row 5: while tracing, an interrupting call is delivered although it is not recorded")
  func deliveredAllTheSame() throws {
    try withRuntime { runtime in
      let log = CallLog()
      try runtime.register(log.ops("all"))
      let f = try runtime.adder("f", 1)
      ftrace_test_set_busy(1)
      #expect(f(1) == 2)
      ftrace_test_set_busy(0)
      #expect(log.entries.map(\.ip) == [try f.handle.entry])
      #expect(runtime.statistics.records == 0)
    }
  }
}
