import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceTracers
import Testing

@Suite struct CountTracerTests {
  @Test("every call is counted where it belongs, the first one included", arguments: RecordingMode.allCases)
  func counts(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      let tracer = CountTracer()
      try tracer.start(in: runtime)
      for _ in 0..<7 { #expect(outer(1) == 2) }
      for _ in 0..<3 { _ = inner(1) }
      #expect(try tracer.counts().functions.map { "\($0.name) \($0.calls)" } == ["inner 10", "outer 7"])
      let counts = try tracer.stop()
      #expect(counts.functions.map(\.calls) == [10, 7])
      #expect(counts.lost == 0)
      _ = outer(1)
      #expect(counts.functions.map(\.ip) == [try inner.handle.entry, try outer.handle.entry])
      #expect(throws: FtraceError.self) { try tracer.counts() }
    }
  }

  @Test("beside callbacks and another counter, each has its own filter")
  func beside() throws {
    try withRuntime { runtime in
      let a = try runtime.adder("a", 1)
      let b = try runtime.adder("b", 1)
      let log = CallLog()
      let shared = log.ops("log")
      let (first, second) = (CountTracer(), CountTracer())
      try runtime.register(shared)
      try first.start(in: runtime, filter: TraceFilter(trace: ["a"]))
      try second.start(in: runtime)
      for _ in 0..<5 { _ = (a(1), b(1)) }
      #expect(try first.stop().functions.map { "\($0.name) \($0.calls)" } == ["a 5"])
      for _ in 0..<2 { _ = (a(1), b(1)) }
      #expect(try second.stop().functions.map { "\($0.name) \($0.calls)" } == ["a 7", "b 7"])
      #expect(log.entries.count == 14)
      try runtime.unregister(shared)
    }
  }

  @Test("threads count for themselves, and what they counted outlives them")
  func threads() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = CountTracer()
      try tracer.start(in: runtime)
      for _ in 0..<3 {
        onThreads(4) { _ in for _ in 0..<10_000 { _ = f(1) } }
      }
      #expect(try tracer.stop().functions.map(\.calls) == [120_000])
    }
  }

  @Test("an ops that is registered again and again finds its number free, and its memory comes back")
  func again() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      for round in 1...100 {
        let tracer = CountTracer()
        try tracer.start(in: runtime)
        for _ in 0..<round { _ = f(1) }
        #expect(try tracer.stop().functions.map(\.calls) == [round])
      }
    }
  }
}
