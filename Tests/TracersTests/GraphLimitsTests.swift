import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceTracers
import FtraceTraceBuffer
import Testing

/// `function_graph` that records some calls: exactly which, by plain Swift.
@Suite struct GraphLimitsTests {
  private func trace(
    _ runtime: TraceRuntime, _ limits: GraphLimits, filter: TraceFilter = .all, bytes: Int = 8 << 20,
    mode: TraceBuffer.Mode = .discard, clock: TestClock? = nil, threads: [Int32] = [], _ body: () throws -> Void
  ) throws -> GraphTrace {
    var options = TracerOptions(bufferBytes: bytes)
    options.graph = limits
    options.mode = mode
    options.threads = threads
    if clock != nil { options.clock = .monotonic }
    let buffer = try TraceBuffer.make(options, tracer: "function_graph", for: runtime)
    if let clock {
      // Safe: the clock outlives the buffer, and the word is eight aligned bytes.
      unsafe buffer.setClock(
        { context in unsafe UInt64(bitPattern: Int64(context?.load(as: Int.self) ?? 0)) },
        UnsafeMutableRawPointer(bitPattern: clock.address))
    }
    let ops = TraceOps.graph("function_graph", filter, options, into: buffer, word: clock?.address)
    try runtime.register(ops)
    try body()
    try runtime.unregister(ops)
    return GraphTrace(buffer.snapshot())
  }

  private func lines(_ trace: GraphTrace, _ runtime: TraceRuntime) -> [String] {
    var text: [UInt8] = []
    trace.write(of: runtime, limit: nil) { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|", maxSplits: 2).last.map { String($0.dropFirst(2)) }
    }
  }

  private func pairs(_ count: Int) -> GraphTrace.Counts { GraphTrace.Counts(entries: count, exits: count) }

  @Test("a depth limit leaves out what is deeper", arguments: RecordingMode.allCases, TraceClockKind.allCases)
  func depth(mode: RecordingMode, clock: TraceClockKind) throws {
    try withRuntime(mode) { runtime in
      let fib = try runtime.fib()
      let byDepth = FibCalls(20).byDepth
      for limit in [0, 1, 2, 7, 20, 1000] {
        var options = TracerOptions()
        options.clock = clock
        options.graph.maxDepth = limit
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        #expect(fib(20) == 6765)
        #expect(try tracer.stop().counts() == pairs(byDepth.prefix(limit).reduce(0, +)))
      }
    }
  }

  @Test(
    "a threshold leaves out what is shorter, and keeps the calls around the others",
    arguments: [1, 2, 10, 1000, 1 << 40])
  func threshold(nanoseconds: Int) throws {
    try withRuntime { runtime in
      let clock = TestClock()
      // Upper halves of the clock change in between.
      clock.advance(by: (1 << 32) - 5000)
      let fib = try runtime.timedFib(clock)
      let trace = try trace(runtime, GraphLimits(threshold: .nanoseconds(nanoseconds)), clock: clock) { _ = fib(20) }
      #expect(trace.counts() == pairs(FibCalls(20).sizes.count { $0 >= nanoseconds }))
      #expect(trace.losses.total == 0)
      // Every duration in the trace is one that was to be recorded, and they are the right ones.
      var starts: [UInt64] = []
      var durations: [Int] = []
      for record in trace.blocks.joined().joined() {
        if record.kind == .entry { starts.append(record.clock) }
        if record.kind == .exit, let start = starts.popLast() { durations.append(Int(record.clock - start)) }
      }
      #expect(durations.sorted() == FibCalls(20).sizes.filter { $0 >= nanoseconds }.sorted())
    }
  }

  @Test("a threshold is compared with the time-stamp counter as with every clock", arguments: TraceClockKind.allCases)
  func clocks(clock: TraceClockKind) throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      for (threshold, all) in [(Duration.seconds(3600), false), (.nanoseconds(-1), true)] {
        var options = TracerOptions()
        options.clock = clock
        options.graph = GraphLimits(maxDepth: 3, threshold: threshold)
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        _ = fib(10)
        #expect(try tracer.stop().counts() == pairs(all ? 7 : 0))
      }
    }
  }

  @Test("only what is called from the chosen functions is recorded", arguments: RecordingMode.allCases)
  func roots(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let fib = try runtime.fib()
      let chosen = try runtime.forwarder("chosen", to: fib)
      let other = try runtime.forwarder("other", to: fib)
      let top = try runtime.forwarder("top", to: chosen)
      func run() { _ = (top(10), other(10), fib(3), chosen(4)) }
      let limits = GraphLimits(roots: ["chos*"])
      let calls = (FibCalls(10).sizes.count, FibCalls(4).sizes.count)
      #expect(try trace(runtime, limits, run).counts() == pairs(calls.0 + calls.1 + 2))
      // Depths count from there.
      let shallow = try trace(runtime, GraphLimits(maxDepth: 2, roots: ["chosen"]), run)
      #expect(lines(shallow, runtime) == ["chosen() {", "  fib();", "}", "chosen() {", "  fib();", "}"])
      // One that the filter does not want is no beginning; one that is called from another is recorded once.
      #expect(try trace(runtime, limits, filter: TraceFilter(notrace: ["chosen"]), run).counts() == pairs(0))
      #expect(try trace(runtime, GraphLimits(roots: ["top", "chosen"]), run).counts() == pairs(calls.0 + calls.1 + 3))
      #expect(runtime.audit().isSound)
    }
  }

  @Test("functions count as chosen when they are defined, and when they are redefined")
  func laterRoots() throws {
    try withRuntime { runtime in
      let leaf = try runtime.adder("leaf", 1)
      let first = try runtime.forwarder("first", to: leaf)
      let trace = try trace(runtime, GraphLimits(roots: ["root*"])) {
        _ = first(1)
        let root = try runtime.forwarder("root 1", to: leaf)
        for _ in 0..<3 { _ = root(1) }
        try runtime.redefine(root.handle) { f in
          f.entrySite()
          f.prologue()
          f.call(leaf)
          f.call(leaf)
          f.functionReturn()
        }
        for _ in 0..<2 { _ = (root(1), first(1)) }
      }
      #expect(trace.counts() == pairs(3 * 2 + 2 * 3))
    }
  }

  @Test("all limits at once")
  func together() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let fib = try runtime.timedFib(clock)
      let chosen = try runtime.timedCaller("chosen", clock, 5, of: fib)
      let limits = GraphLimits(maxDepth: 3, threshold: .nanoseconds(30), roots: ["chosen"])
      let trace = try trace(runtime, limits, clock: clock) { _ = (fib(12), chosen(8), chosen(3), fib(12)) }
      // chosen(8): fib(8) has 67 calls, fib(7) 41, fib(6) 25.
      #expect(lines(trace, runtime) == ["chosen() {", "  fib() {", "    fib();", "  }", "}"])
      #expect(trace.counts() == pairs(3))
    }
  }

  @Test("threads that are not chosen are not recorded")
  func threads() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      let trace = try trace(runtime, GraphLimits(), threads: [currentThreadID()]) {
        onThreads(2) { _ in _ = fib(10) }
        _ = fib(5)
        onThreads(2) { _ in _ = fib(10) }
      }
      #expect(trace.counts() == pairs(15))
      #expect(trace.workers.map(\.threadID) == [currentThreadID()])
    }
  }

  @Test("calls that end without a return are told, and nothing else is disturbed")
  func unwound() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let catcher = try runtime.throwing(clock)
      let outer = try runtime.timedCaller("outer", clock, 1000, of: catcher)
      func run() { for _ in 0..<3 { _ = outer(1) } }
      let whole = try trace(runtime, GraphLimits(maxDepth: 100), clock: clock, run)
      #expect(whole.counts() == GraphTrace.Counts(entries: 12, exits: 6, unwound: 6))
      #expect(
        lines(whole, runtime).prefix(8) == [
          "outer() {", "  catcher() {", "    middle() {", "      thrower() {", "      } /* thrower: unwound */",
          "    } /* middle: unwound */", "  }", "}",
        ])
      #expect(try trace(runtime, GraphLimits(threshold: .nanoseconds(1)), clock: clock, run).counts() == pairs(6))
      let shallow = try trace(runtime, GraphLimits(maxDepth: 3, roots: ["catcher"]), clock: clock, run)
      #expect(shallow.counts() == GraphTrace.Counts(entries: 9, exits: 3, unwound: 6))
    }
  }

  @Test(
    "what does not fit is counted, and each end of each chosen call is in the accounts",
    arguments: [TraceBuffer.Mode.discard, .overwrite])
  func losses(mode: TraceBuffer.Mode) throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let fib = try runtime.timedFib(clock)
      let chosen = try runtime.timedCaller("chosen", clock, 5, of: fib)
      let all = FibCalls(20)
      for (limits, count) in [
        (GraphLimits(maxDepth: 15), 1 + all.byDepth.prefix(14).reduce(0, +)),
        (GraphLimits(threshold: .nanoseconds(3)), 1 + all.sizes.count { $0 >= 3 }),
        (GraphLimits(roots: ["chosen"]), 1 + 21_891),
      ] {
        let trace = try trace(runtime, limits, bytes: 16_384, mode: mode, clock: clock) { _ = chosen(20) }
        let counts = trace.counts()
        #expect(counts.entries + Int(trace.losses.entries) == count)
        #expect(counts.exits + Int(trace.losses.exits) == count)
        #expect(trace.losses.total > 1000)
      }
    }
  }

  @Test("unwound calls are in the accounts whatever is lost")
  func lossesOfUnwound() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let catcher = try runtime.throwing(clock)
      for limits in [GraphLimits(maxDepth: 100), GraphLimits(threshold: .nanoseconds(1))] {
        let trace = try trace(runtime, limits, bytes: 16_384, clock: clock) { for _ in 0..<5000 { _ = catcher(1) } }
        let counts = trace.counts()
        #expect(trace.losses.total > 1000)
        #expect(counts.entries + Int(trace.losses.entries) == (limits.threshold == nil ? 15_000 : 5000))
        #expect(counts.exits + Int(trace.losses.exits) == 5000)
        #expect(counts.unwound <= (limits.threshold == nil ? 10_000 : 0))
      }
    }
  }
}
