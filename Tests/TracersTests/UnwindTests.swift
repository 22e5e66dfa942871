import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtraceQuiescence
import FtraceTestSupport
import Testing

/// Functions that are left by other means than their exits.
@Suite struct UnwindTests {
  /// `outer` catches what `leaf`, two calls further in, throws.
  private struct Program {
    let outer: EmittedFunction<Int, Int>
    let inner: EmittedFunction<Int, Int>

    init(_ runtime: TraceRuntime, tells: Bool) throws {
      let thrower = try runtime.hostFunction("throw") { (x: Int) -> Int in
        if x == 1 { ftrace_test_throw() }
        return x
      }
      func calling(_ name: String, _ host: HostHandle) throws -> EmittedFunction<Int, Int> {
        try runtime.define(name, as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.prologue()
          f.call(host)
          f.functionReturn()
        }
      }
      let leaf = try calling("leaf", thrower)
      let inner = try runtime.forwarder("inner", to: leaf)
      let catcher = try runtime.hostFunction("catch") { (x: Int) -> Int in
        UnwindTests.catching(tells: tells, inner, x) ? 77 : x
      }
      outer = try calling("outer", catcher)
      self.inner = inner
    }
  }

  /// What is called: frames that are jumped over release nothing, so it is a plain class.
  private final class Call {
    let function: EmittedFunction<Int, Int>
    let argument: Int
    init(_ function: EmittedFunction<Int, Int>, _ argument: Int) {
      self.function = function
      self.argument = argument
    }
  }

  private static func catching(tells: Bool, _ function: EmittedFunction<Int, Int>, _ argument: Int) -> Bool {
    let call = unsafe Unmanaged.passRetained(Call(function, argument))
    defer { unsafe call.release() }
    // Safe: the call is retained until it has ended, however it does.
    return unsafe ftrace_test_catch(
      { context in
        guard let context = unsafe context else { return }
        let call = unsafe Unmanaged<Call>.fromOpaque(context).takeUnretainedValue()
        _ = call.function(call.argument)
      }, unsafe call.toOpaque(), tells)
  }

  private func calls(_ trace: GraphTrace, _ runtime: TraceRuntime) -> [String] {
    var text: [UInt8] = []
    trace.write(of: runtime, limit: nil) { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|", maxSplits: 2).last.map { String($0.dropFirst(2)) }
    }
  }

  // What is jumped over releases nothing: each of these leaves its runtime behind, in a process of its own.

  @Test("what a longjmp leaves is closed as unwound, whether the host tells or the next exit does")
  func longjmpWithinACall() async {
    await #expect(processExitsWith: .success) {
      for tells in [true, false] { try UnwindTests().longjmpWithinACall(tells: tells) }
    }
  }

  private func longjmpWithinACall(tells: Bool) throws {
    try withRuntime { runtime in
      let program = try Program(runtime, tells: tells)
      let tracer = FunctionGraphTracer()
      try tracer.start(in: runtime)
      // A thread of its own: where the host does not tell, it is thought to be inside until it ends.
      onThreads(1) { _ in
        #expect(program.outer(1) == 77)
        #expect(program.outer(2) == 2)
        #expect(!tells || ftrace_thread_depth() == 0)
      }
      let trace = try tracer.stop()
      #expect(
        calls(trace, runtime) == [
          "outer() {", "  inner() {", "    leaf() {", "    } /* leaf: unwound */", "  } /* inner: unwound */", "}",
          "outer() {", "  inner() {", "    leaf();", "  }", "}",
        ])
      let counts = trace.counts()
      #expect(counts == GraphTrace.Counts(entries: 6, exits: 4, unwound: 2))
      #expect(counts.isBalanced)
    }
  }

  @Test("a host that told of its landing has no open calls, though none follows")
  func longjmpOutOfAllCalls() async {
    await #expect(processExitsWith: .success) { try UnwindTests().jumpOutOfAllCalls() }
  }

  private func jumpOutOfAllCalls() throws {
    try withRuntime { runtime in
      let program = try Program(runtime, tells: true)
      let tracer = FunctionGraphTracer()
      try tracer.start(in: runtime)
      try withWorker { _ in
        #expect(Self.catching(tells: true, program.inner, 1))
        #expect(ftrace_thread_depth() == 0)
        // The worker lives, and makes no more events.
        let trace = try tracer.stop()
        #expect(trace.counts() == GraphTrace.Counts(entries: 2, unwound: 2))
      }
      // Nobody is thought to be inside.
      try runtime.setEnabled(false)
      try runtime.setEnabled(true)
    }
  }

  @Test("a thread that ends inside leaves nothing open")
  func threadExit() async {
    await #expect(processExitsWith: .success) { try UnwindTests().exitOfThreads() }
  }

  private func exitOfThreads() throws {
    try withRuntime { runtime in
      let leave = try runtime.hostFunction("leave") { () -> Void in ftrace_test_exit_thread() }
      let inner = try runtime.define("inner", as: (() -> Void).self) { f in
        f.entrySite()
        f.prologue()
        f.call(leave)
        f.functionReturn()
      }
      let outer = try runtime.define("outer", as: (() -> Void).self) { f in
        f.entrySite()
        f.prologue()
        f.call(inner)
        f.functionReturn()
      }
      let tracer = FunctionGraphTracer()
      try tracer.start(in: runtime)
      onThreads(3) { _ in outer() }
      let trace = try tracer.stop()
      #expect(trace.counts() == GraphTrace.Counts(entries: 6, unwound: 6))
      #expect(
        calls(trace, runtime).count { $0.contains("inner: unwound") || $0.contains("outer: unwound") } == 6)
    }
  }

  @Test("what is lost and what is unwound add up, worker by worker")
  func withLosses() async {
    await #expect(processExitsWith: .success) {
      for mode in [TraceBuffer.Mode.discard, .overwrite] { try UnwindTests().losses(mode: mode) }
    }
  }

  private func losses(mode: TraceBuffer.Mode) throws {
    try withRuntime { runtime in
      let program = try Program(runtime, tells: true)
      var options = TracerOptions(bufferBytes: 16_384)
      options.mode = mode
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime)
      onThreads(2) { thread in
        for round in 0..<2000 { _ = program.outer(round % 3 == thread ? 1 : 2) }
      }
      let trace = try tracer.stop()
      let counts = trace.counts()
      #expect(counts.isBalanced)
      #expect(counts.lost > 0)
      #expect(counts.entries + counts.lostEntries == 12_000)
      #expect((counts.openAtStart, counts.openAtEnd) == (0, 0))
      // 667 of one thread and 667 of the other, two functions each.
      #expect(counts.exits + counts.lostExits + counts.unwound == 12_000)
      #expect(counts.unwound == 2 * (667 + 667))
      for index in trace.workers.indices { #expect(trace.counts(ofWorker: index).isBalanced) }
    }
  }
}
