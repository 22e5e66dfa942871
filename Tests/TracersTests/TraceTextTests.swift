import Ftrace
import FtraceTestSupport
import Testing

@Suite struct TraceTextTests {
  private func lines(_ trace: Trace, _ runtime: TraceRuntime, limit: Int? = nil) -> [Substring] {
    var text: [UInt8] = []
    trace.write(of: runtime, limit: limit) { text += $0 }
    #expect(text.last == UInt8(ascii: "\n"))
    return String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  }

  private func events(_ lines: [Substring]) -> [Substring] { lines.filter { !$0.hasPrefix("#") } }

  @Test("the header and the lines are the kernel's")
  func layout() throws {
    try withRuntime { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      try withWorker(named: "somebody") { _ in _ = outer(1) }
      let lines = lines(try tracer.stop(), runtime)
      #expect(lines[0] == "# tracer: function")
      #expect(lines[1] == "#")
      #expect(try #/# entries-in-buffer/entries-written: 2/2   #P:\d+/#.wholeMatch(in: lines[2]) != nil)
      #expect(lines[3] == "#")
      #expect(lines[4] == "#           TASK-PID     CPU#     TIMESTAMP  FUNCTION")
      #expect(lines[5] == "#              | |         |         |         |")
      #expect(lines.count == 8)
      let line = #/        somebody-(\d+) +\[\d{3}\]  [ \d]{4}\d\.\d{6}: (\S+) <-(\S+)/#
      let first = try #require(try line.wholeMatch(in: lines[6]))
      let second = try #require(try line.wholeMatch(in: lines[7]))
      #expect(first.2 == "outer" && first.3 == "ftrace_adaptor")
      #expect(second.2 == "inner" && second.3 == "outer")
      // "%16s-%-7d [%03d]  %5lu.%06lu: "
      #expect(lines[6].prefix(32).hasSuffix("]  ") || first.1.count > 7)
    }
  }

  @Test(
    "with a limit so many events are written, then the number of those that are left", arguments: [0, 1, 9, 10, 11])
  func limit(limit: Int) throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      for _ in 0..<10 { _ = f(1) }
      let lines = lines(try tracer.stop(), runtime, limit: limit)
      #expect(events(lines).count == min(limit, 10))
      #expect(lines.filter { $0.hasSuffix(" more") } == (limit < 10 ? ["# \(10 - limit) more"] : []))
    }
  }

  @Test("by the ordinal clock calls are numbered")
  func ordinal() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      var options = TracerOptions(bufferBytes: 1 << 20)
      options.clock = .ordinal
      let tracer = FunctionTracer(options: options)
      try tracer.start(in: runtime)
      for _ in 0..<3 { _ = f(1) }
      let events = events(lines(try tracer.stop(), runtime))
      let line = #/.{24} \[\d{3}\]  ([ \d]{12}): f <-ftrace_adaptor/#
      #expect(try events.map { try line.wholeMatch(in: $0)?.1 } == ["           1", "           2", "           3"])
    }
  }

  @Test("losses are told, and counted as written")
  func losses() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer(options: TracerOptions(bufferBytes: 0))
      try tracer.start(in: runtime)
      for _ in 0..<1000 { _ = f(1) }
      let trace = try tracer.stop()
      let lines = lines(trace, runtime)
      // The least buffer has two blocks of 4 KiB. Each ends when it has no room for an append of 32 words and the five of its worker's end; what
      // was lost while the second was full, and the frames that are open, take one event's room.
      #expect(trace.count == 2 * ((4096 - 64 - 256 - 40 + 15) / 16) - 1)
      #expect(lines[2].hasPrefix("# entries-in-buffer/entries-written: \(trace.count)/1000 "))
      #expect(
        lines.last == "# \(1000 - trace.count) calls are missing that did not fit into the buffer: raise its size")
    }
  }

  @Test("names are those of the time of the event", arguments: RecordingMode.allCases)
  func names(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      let f = try runtime.adder("first", 1)
      _ = f(1)
      try runtime.rename(f.handle, to: "second")
      _ = f(1)
      let address = try f.handle.code().address
      try runtime.free(f.handle)
      try runtime.reclaim()
      // Of the same size, so that the memory is used again.
      let g = try runtime.adder("third", 1)
      _ = g(1)
      let trace = try tracer.stop()
      #expect(trace.map(\.ip) == [address, address, address], "one address has three names")
      let named = try events(lines(trace, runtime)).map { line in
        try #require(line.split(separator: ": ").last?.split(separator: " ").first)
      }
      #expect(named == ["first", "second", "third"])
    }
  }

  @Test("a name cannot break a line")
  func controlCharacters() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("a\nb\u{1B}[0m", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      _ = f(1)
      let events = events(lines(try tracer.stop(), runtime))
      #expect(events.count == 1)
      #expect(events[0].contains(": a?b?[0m <-"))
    }
  }

  @Test("the nop tracer has a header and nothing else")
  func nop() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = NopTracer()
      try tracer.start(in: runtime, filter: .all)
      _ = f(1)
      let lines = lines(try tracer.stop(), runtime)
      #expect(lines[0] == "# tracer: nop")
      #expect(lines[2].hasPrefix("# entries-in-buffer/entries-written: 0/0 "))
      #expect(lines.count == 6)
    }
  }

  @Test("tracers are found by their names")
  func registry() {
    #expect(
      Tracers.names == ["nop", "function", "function_graph", "profile", "count", "stack", "callback"])
    #expect(Tracers.named("function") == FunctionTracer.self)
    #expect(Tracers.named("nothing") == nil)
  }
}
