import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceTraceBuffer
import FtraceTracers
import FtraceX86Assembler
import Testing

@Suite struct FunctionGraphTests {
  private func lines(_ trace: GraphTrace, _ runtime: TraceRuntime, limit: Int? = nil) -> [Substring] {
    var text: [UInt8] = []
    trace.write(of: runtime, limit: limit) { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }

  /// Without the task and the duration, which differ from run to run.
  private func calls(_ lines: [Substring]) -> [String] {
    lines.filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|", maxSplits: 2).last.map { String($0.dropFirst(2)) }
    }
  }

  @Test(
    "calls are nested as they were, in the kernel's layout", arguments: RecordingMode.allCases, TraceClockKind.allCases)
  func layout(mode: RecordingMode, clock: TraceClockKind) throws {
    try withRuntime(mode) { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.clock = clock
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime)
      try withWorker(named: "somebody") { _ in
        _ = outer(1)
        _ = inner(1)
      }
      let trace = try tracer.stop()
      let lines = lines(trace, runtime)
      #expect(lines[0] == "# tracer: function_graph")
      #expect(lines[2] == "#  TASK/PID         DURATION                  FUNCTION CALLS")
      #expect(calls(lines) == ["outer() {", "  inner();", "}", "inner();"])
      let duration = clock == .ordinal ? "              " : "  "
      #expect(
        lines.filter { $0.contains("inner();") }.allSatisfy { $0.contains(" | " + duration) && $0.contains("somebod-") }
      )
      #expect(trace.counts() == GraphTrace.Counts(entries: 3, exits: 3))
    }
  }

  @Test("what was recorded stays the buffer's when the ops has gone, however long nobody reads it")
  func readLate() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      for limits in [GraphLimits(), GraphLimits(maxDepth: 100)] {
        var options = TracerOptions(bufferBytes: 1 << 20)
        options.graph = limits
        let buffer = try TraceBuffer.make(options, tracer: "function_graph", for: runtime)
        let ops = TraceOps.graph("late", .all, options, into: buffer)
        try runtime.register(ops)
        #expect(fib(10) == 55)
        try runtime.unregister(ops)
        // Stops that take back the ops's code, and empty its channels.
        for _ in 0..<4 { try runtime.reclaim() }
        let other = CountTracer()
        try other.start(in: runtime)
        #expect(fib(5) == 5)
        _ = try other.stop()
        #expect(GraphTrace(buffer.snapshot()).counts() == GraphTrace.Counts(entries: 177, exits: 177))
      }
    }
  }

  @Test(
    "what is lost between two snapshots is what the later one says", arguments: [TraceBuffer.Mode.discard, .overwrite])
  func lossesBetween(mode: TraceBuffer.Mode) throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      var options = TracerOptions(bufferBytes: 8192)
      options.mode = mode
      let buffer = try TraceBuffer.make(options, tracer: "function_graph", for: runtime)
      let ops = TraceOps.graph("snapshots", .all, options, into: buffer)
      try runtime.register(ops)
      var before: TraceSnapshot?
      for _ in 0..<3 {
        #expect(fib(13) == 233)
        let snapshot = buffer.snapshot()
        let counts = GraphTrace(before.map(snapshot.since) ?? snapshot).counts()
        #expect(counts.lost > 0 && counts.isBalanced)
        #expect((counts.entries + counts.lostEntries, counts.exits + counts.lostExits) == (753, 753))
        before = snapshot
      }
      try runtime.unregister(ops)
    }
  }

  @Test("every call of fib has an entry and an exit", arguments: RecordingMode.allCases)
  func fib(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let fib = try runtime.fib()
      let tracer = FunctionGraphTracer()
      try tracer.start(in: runtime)
      #expect(fib(10) == 55)
      let small = try tracer.stop()
      let text = lines(small, runtime)
      #expect(text.count { $0.contains(" us ") } == 177)
      #expect((text.count { $0.contains("{") }, text.count { $0.hasSuffix("}") }) == (88, 88))
      try tracer.start(in: runtime)
      #expect(fib(20) == 6765)
      #expect(try tracer.stop().counts() == GraphTrace.Counts(entries: 21_891, exits: 21_891))
    }
  }

  @Test("what does not fit is counted by end, in the trace and its text, and the identity holds")
  func losses() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      for mode in [TraceBuffer.Mode.discard, .overwrite] {
        var options = TracerOptions(bufferBytes: 16_384)
        options.mode = mode
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        _ = fib(20)
        let trace = try tracer.stop()
        let counts = trace.counts()
        #expect(counts.entries + Int(trace.losses.entries) == 21_891)
        #expect(counts.exits + Int(trace.losses.exits) == 21_891)
        #expect(trace.losses.total > 20_000)
        #expect(
          lines(trace, runtime).contains {
            $0.hasPrefix("# \(trace.losses[mode == .discard ? .full : .overwritten].entries) entries and ")
          })
      }
    }
  }

  @Test("a tracer that starts in the middle of a call shows its end, and one that stops its beginning")
  func openCalls() throws {
    try withRuntime { runtime in
      let tracer = FunctionGraphTracer()
      let actions = Actions()
      let host = try runtime.hostFunction("act") { (x: Int) -> Int in
        actions.run()
        return x
      }
      let middle = try runtime.define("middle", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      let outer = try runtime.forwarder("outer", to: middle)
      actions.next = { try tracer.start(in: runtime) }
      _ = outer(1)
      var trace = try tracer.stop()
      #expect(calls(lines(trace, runtime)) == ["  } /* middle */", "} /* outer */"])
      #expect(trace.counts() == GraphTrace.Counts(exits: 2, openAtStart: 2))
      try tracer.start(in: runtime)
      var stopped: GraphTrace?
      actions.next = { stopped = try tracer.stop() }
      _ = outer(1)
      trace = try #require(stopped)
      #expect(calls(lines(trace, runtime)) == ["outer() {", "  middle() {"])
      #expect(trace.counts() == GraphTrace.Counts(entries: 2, openAtEnd: 2))
      #expect(actions.error == nil)
    }
  }

  @Test(
    "what a compiled body touches, the traced function has back", arguments: TraceClockKind.allCases, [false, true])
  func registers(clock: TraceClockKind, values: Bool) throws {
    try withRuntime { runtime in
      // All of what is live at an entry and at an exit goes into the result.
      let f = try runtime.define("sum", as: ((Int, Int, Int, Int, Int, Int) -> Int).self) { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, index: .rsi, scale: .x2))
        f.lea(.rdx, .base(.rdx, index: .rdx, scale: .x2))
        f.add(.rax, .rdx)
        f.lea(.rcx, .base(.rcx, index: .rcx, scale: .x4))
        f.add(.rax, .rcx)
        f.imul(.r8, .r8, 7)
        f.add(.rax, .r8)
        f.imul(.r9, .r9, 11)
        f.add(.rax, .r9)
        f.functionReturn()
      }
      var options = TracerOptions()
      options.clock = clock
      options.values = values
      let (tracer, counter) = (FunctionGraphTracer(options: options), CountTracer())
      func check() { #expect(f(1, 10, 100, 1000, 10_000, 100_000) == 1 + 20 + 300 + 5000 + 70_000 + 1_100_000) }
      check()
      try tracer.start(in: runtime)
      check()
      try counter.start(in: runtime)
      check()
      #expect(try tracer.stop().counts().exits == 2)
      #expect(try counter.stop().functions.map(\.calls) == [1])
    }
  }

  @Test("several at once, each with its own filter and buffer, with a callback between them")
  func several() throws {
    try withRuntime { runtime in
      let a = try runtime.adder("a", 1)
      let b = try runtime.forwarder("b", to: a)
      let log = CallLog()
      let (onlyA, all) = (FunctionGraphTracer(), FunctionGraphTracer())
      try onlyA.start(in: runtime, filter: TraceFilter(trace: ["a"]))
      let ops = log.ops("log", ends: .both)
      try runtime.register(ops)
      try all.start(in: runtime)
      for _ in 0..<4 { _ = b(1) }
      #expect(try onlyA.stop().counts() == GraphTrace.Counts(entries: 4, exits: 4))
      _ = b(1)
      #expect(try all.stop().counts() == GraphTrace.Counts(entries: 10, exits: 10))
      #expect(log.entries.count == 20)
      try runtime.unregister(ops)
      #expect(runtime.audit().isSound)
    }
  }
}

/// What a host function does when it is called next, once.
private final class Actions: @unchecked Sendable {
  // Safe: set and run by one thread.
  var next: (() throws -> Void)?
  var error: (any Error)?

  func run() {
    let action = next
    next = nil
    do { try action?() } catch { self.error = error }
  }
}
