import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceX86Assembler
import Testing

/// What happens when certain functions are entered.
@Suite struct TriggerTests {
  private func lines(_ report: some TraceReport, _ runtime: TraceRuntime) -> [Substring] {
    var text: [UInt8] = []
    report.write(of: runtime, limit: nil) { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }

  /// The names of recorded calls, in order.
  private func names(_ trace: Trace, _ runtime: TraceRuntime) -> [String] {
    trace.map { runtime.name(of: $0.ip) ?? "" }
  }

  @Test("recording goes off and on where triggers say so, as often as they may", arguments: RecordingMode.allCases)
  func switching(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (a, off, on) = (
        try runtime.adder("a", 1), try runtime.adder("off", 2), try runtime.adder("on", 3)
      )
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.triggers = [
        TraceTrigger(["off"], .traceOff, count: 2), TraceTrigger(["on"], .traceOn),
      ]
      let tracer = FunctionTracer(options: options)
      try tracer.start(in: runtime)
      for f in [a, off, a, off, on, on, a, off, a, on, off, a, off] { _ = f(1) }
      // The third and fourth `off` find the count used up.
      let seen = names(try tracer.stop(), runtime)
      #expect(seen == ["a", "on", "on", "a", "on", "off", "a", "off"])
      // Nothing of it is left.
      #expect(runtime.registeredOps.isEmpty)
      try tracer.start(in: runtime)
      _ = (a(1), off(1), a(1), on(1))
      #expect(names(try tracer.stop(), runtime) == ["a", "on"])
    }
  }

  @Test("a tracer that begins paused records from a trigger on, also functions that its filter leaves out trigger")
  func paused() throws {
    try withRuntime { runtime in
      let (a, start) = (try runtime.adder("a", 1), try runtime.adder("start", 2))
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.beginsPaused = true
      options.triggers = [TraceTrigger(["st*"], .traceOn)]
      let tracer = FunctionTracer(options: options)
      try tracer.start(in: runtime, filter: TraceFilter(trace: ["a"]))
      for f in [a, a, start, a] { _ = f(1) }
      #expect(names(try tracer.stop(), runtime) == ["a"])
    }
  }

  @Test(
    "calls that a pause cuts are neither recorded twice nor left open, and the books balance",
    arguments: [GraphLimits(), GraphLimits(maxDepth: 50)])
  func pausedGraph(limits: GraphLimits) throws {
    try withRuntime { runtime in
      let (off, on) = (try runtime.adder("off", 2), try runtime.adder("on", 3))
      // outer calls off, and then on: its own exit is recorded, and not that of off.
      let leaf = try runtime.adder("leaf", 1)
      let outer = try runtime.define("outer", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        for callee in [leaf, off, leaf, on, leaf] { f.call(callee.handle) }
        f.functionReturn()
      }
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.triggers = [TraceTrigger(["off"], .traceOff), TraceTrigger(["on"], .traceOn)]
      options.graph = limits
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime)
      _ = outer(1)
      _ = outer(1)
      let trace = try tracer.stop()
      let counts = trace.counts()
      #expect(counts.entries == 2 * 4 && counts.exits == 2 * 4)
      #expect(counts.isBalanced && counts.openAtEnd == 0 && counts.unwound == 0 && counts.openAtStart == 0)
      let text = lines(trace, runtime)
      #expect(text.count { $0.contains("leaf();") } == 4)
      #expect(!text.contains { $0.contains("off") && !$0.contains("tracing was off") })
      #expect(!text.contains { $0.contains("unwound") })
      #expect(text.count { $0.contains("[not recorded: tracing was off]") } == 2)
    }
  }

  @Test(
    "a stack shows the function and its callers, innermost first", arguments: [GraphLimits(), GraphLimits(maxDepth: 1)])
  func stacks(limits: GraphLimits) throws {
    try withRuntime { runtime in
      let inner = try runtime.adder("inner", 1)
      let middle = try runtime.forwarder("middle", to: inner)
      let outer = try runtime.forwarder("outer", to: middle)
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.triggers = [TraceTrigger(["inner"], .stackTrace, count: 2)]
      options.graph = limits
      let graph = FunctionGraphTracer(options: options)
      let function = FunctionTracer(options: options)
      try graph.start(in: runtime)
      try function.start(in: runtime)
      _ = (outer(1), middle(1), outer(1))
      let text = lines(try graph.stop(), runtime)
      let expected = [" => inner", " => middle", " => outer", " => inner", " => middle"]
      #expect(text.filter { $0.hasPrefix(" => ") } == expected[...].map { Substring($0) })
      #expect(text.count { $0.hasSuffix("/* <stack trace>") } == 2)
      let trace = try function.stop()
      #expect(trace.count == 8)
      #expect(lines(trace, runtime).filter { $0.hasPrefix(" => ") } == expected[...].map { Substring($0) })
    }
  }

  @Test("a deep stack is cut, a block that is nearly full is changed for it, and events are not lost")
  func deepStacks() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      var options = TracerOptions(bufferBytes: 16 << 20)
      options.triggers = [TraceTrigger(["fib"], .stackTrace)]
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime)
      #expect(fib(14) == 377)
      let trace = try tracer.stop()
      #expect(trace.counts() == GraphTrace.Counts(entries: 1219, exits: 1219))
      var stacks = 0
      var depth = 0
      for block in trace.blocks.joined() {
        for record in block {
          switch record.kind {
          case .stack:
            stacks += 1
            #expect(Int(record.wordCount) == depth + 1)
          case .entry: depth += 1
          case .exit: depth -= 1
          default: break
          }
        }
      }
      #expect(stacks == 1219)
    }
  }

  @Test("a snapshot has what was recorded before it, and the report what came after")
  func snapshots() throws {
    try withRuntime { runtime in
      let (a, b) = (try runtime.adder("a", 1), try runtime.adder("b", 2))
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.triggers = [TraceTrigger(["b"], .snapshot, count: 1)]
      for tracer in [true, false] {
        let (graph, function) = (FunctionGraphTracer(options: options), FunctionTracer(options: options))
        if tracer { try graph.start(in: runtime) } else { try function.start(in: runtime) }
        for _ in 0..<100 { _ = a(1) }
        _ = b(1)
        for _ in 0..<10 { _ = b(1) }
        let (early, late): (Int, Int)
        if tracer {
          let trace = try graph.stop()
          (early, late) = (try #require(trace.snapshot).counts().entries, trace.counts().entries)
          #expect(lines(trace, runtime).contains("# what was recorded up to the last snapshot:"))
        } else {
          let trace = try function.stop()
          (early, late) = (try #require(trace.snapshot).count, trace.count)
        }
        // When the tracer's thread comes to take it some more may be there.
        #expect(early >= 100 && early + late == 111)
      }
      // None was asked for.
      let tracer = FunctionTracer(options: options)
      try tracer.start(in: runtime)
      _ = a(1)
      let trace = try tracer.stop()
      #expect(trace.snapshot == nil && trace.count == 1)
    }
  }

  @Test("what is lost is in the books of one of them", arguments: [TraceBuffer.Mode.discard, .overwrite])
  func lossesOfSnapshots(mode: TraceBuffer.Mode) throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      let take = try runtime.adder("take", 2)
      var options = TracerOptions(bufferBytes: 8192)
      options.mode = mode
      options.triggers = [TraceTrigger(["take"], .snapshot, count: 1)]
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime, filter: TraceFilter(trace: ["fib"]))
      #expect(fib(13) == 233)
      _ = take(1)
      #expect(fib(13) == 233)
      let trace = try tracer.stop()
      let (early, late) = (try #require(trace.snapshot).counts(), trace.counts())
      #expect(early.isBalanced && late.isBalanced)
      // When the tracer's thread comes to take it the second call may be in it.
      #expect(early.lost > 0)
      #expect(early.entries + early.lostEntries + late.entries + late.lostEntries == 2 * 753)
      #expect(early.exits + early.lostExits + late.exits + late.lostExits == 2 * 753)
    }
  }

  @Test("a stack that finds no room is counted, and the report says so")
  func missed() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      var options = TracerOptions(bufferBytes: 8192)
      options.triggers = [TraceTrigger(["fib"], .stackTrace)]
      let tracer = FunctionGraphTracer(options: options)
      try tracer.start(in: runtime)
      #expect(fib(10) == 55)
      let trace = try tracer.stop()
      var stacks = 0
      for block in trace.blocks.joined() { block.decode { if $0.kind == .stack { stacks += 1 } } }
      #expect(trace.missedTriggers > 0 && stacks + trace.missedTriggers == 177)
      #expect(lines(trace, runtime).first == "# triggers could not act \(trace.missedTriggers) times")
    }
  }

  @Test("triggers that cannot be put in their places leave nothing behind")
  func tooMany() throws {
    try withRuntime { runtime in
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.triggers = (0..<40).map { TraceTrigger([Glob("f\($0)")], .traceOff) }
      let tracer = FunctionTracer(options: options)
      #expect(throws: FtraceError.self) { try tracer.start(in: runtime) }
      try runtime.reclaim()
      #expect(runtime.registeredOps.isEmpty)
      options.triggers = []
      try FunctionTracer(options: options).start(in: runtime)
    }
  }
}
