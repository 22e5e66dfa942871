import Ftrace
import FtraceTestSupport
import Synchronization
import Testing

@Suite struct CallbackTracerTests {
  @Test("a closure is called at the ends that were asked for", arguments: RecordingMode.allCases)
  func closure(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      let seen = Mutex<[(ip: UInt, end: TraceEnd)]>([])
      let tracer = CallbackTracer(ends: .both) { call in
        let (ip, end) = (call.ip, call.end)
        seen.withLock { $0.append((ip, end)) }
      }
      try tracer.start(in: runtime)
      #expect(throws: FtraceError.self) { try tracer.start(in: runtime) }
      _ = outer(1)
      #expect(try tracer.stop().recursions == 0)
      _ = outer(1)
      let calls = seen.withLock { $0 }.map { "\(runtime.name(of: $0.ip) ?? "") \($0.end)" }
      #expect(calls == ["outer entry", "inner entry", "inner exit", "outer exit"])
    }
  }

  @Test("a C function is called with its context, and what it calls itself is counted")
  func function() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let words = SharedWords(2)
      words[1] = Int(try f.handle.gate())
      var options = TracerOptions()
      // Safe: the words live until the tracer has stopped, and word 1 is the gate of a function of this type.
      options.callback = unsafe .function(
        { _, _, context, _ in
          guard let words = unsafe context?.assumingMemoryBound(to: Int.self) else { return }
          unsafe words[0] += 1
          typealias Function = @convention(c) (Int) -> Int
          _ = unsafe unsafeBitCast(words[1], to: Function.self)(1)
        }, context: TraceCallback.Context(words.base))
      let tracer = CallbackTracer(options: options)
      try tracer.start(in: runtime)
      for _ in 0..<5 { #expect(f(1) == 2) }
      let report = try tracer.stop()
      #expect(words[0] == 5 && report.recursions == 5)
      var text: [UInt8] = []
      report.write(of: runtime, limit: nil) { text += $0 }
      #expect(
        String(decoding: text, as: UTF8.self)
          == "# tracer: callback\n# 5 calls came from within the callback, and were not handed to it\n")
    }
  }

  @Test("without a callback it does not start")
  func nothing() throws {
    try withRuntime { runtime in
      let type = try #require(Tracers.named("callback"))
      let tracer = type.init(options: TracerOptions())
      #expect {
        try tracer.start(in: runtime, filter: .all)
      } throws: { "\($0)" == "the tracer 'callback' has nothing to call: set TracerOptions.callback" }
      #expect(runtime.registeredOps.isEmpty)
    }
  }
}
