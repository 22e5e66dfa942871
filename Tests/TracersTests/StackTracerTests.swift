import CFtraceShims
import Ftrace
import FtraceDisassembly
import FtraceTestSupport
import Testing

@Suite struct StackTracerTests {
  private func names(_ stack: StackTrace.Stack, _ runtime: TraceRuntime) -> [String] {
    stack.frames.map { runtime.name(of: $0.address - 1) ?? "" }
  }

  @Test(
    "the deepest stack has a frame for each open function, as large as its prologue makes it",
    arguments: RecordingMode.allCases)
  func frames(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let fib = try runtime.fib()
      let leaf = try runtime.adder("leaf", 1)
      let large = try runtime.define("large", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(locals: 4096)
        f.call(leaf)
        f.functionReturn()
      }
      let tracer = StackTracer()
      try tracer.start(in: runtime)
      _ = (fib(10), fib(3))
      var trace = try tracer.stop()
      #expect(trace.stacks.count == 1 && trace.lost == 0 && trace.elsewhere == 0)
      var stack = try #require(trace.stacks.first)
      // fib(10) down to fib(1): each but the last keeps a return address, rbp and two registers.
      #expect(Array(names(stack, runtime).prefix(11)) == Array(repeating: "fib", count: 10) + ["ftrace_adaptor"])
      #expect(stack.frames.prefix(10).map(\.size) == [8] + Array(repeating: 32, count: 9))
      #expect(zip(stack.frames, stack.frames.dropFirst()).allSatisfy { $0.depth - $0.size == $1.depth })
      #expect(stack.depth == stack.frames[0].depth && stack.threadID == Int(ftrace_sys_gettid()))

      try tracer.start(in: runtime)
      _ = (leaf(1), large(1), leaf(2))
      trace = try tracer.stop()
      stack = try #require(trace.stacks.first)
      #expect(names(stack, runtime).prefix(3) == ["leaf", "large", "ftrace_adaptor"])
      #expect(stack.frames.prefix(2).map(\.size) == [8, 4096 + 16])
    }
  }

  @Test("each thread has its own, the deepest comes first, and only functions that the filter wants are looked at")
  func threads() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      let leaf = try runtime.adder("leaf", 1)
      let outer = try runtime.forwarder("outer", to: leaf)
      let tracer = StackTracer()
      try tracer.start(in: runtime, filter: TraceFilter(trace: ["fib", "leaf"]))
      for n in [5, 20, 12] {
        onThreads(1) { _ in try? withWorker(named: "fib-\(n)") { _ in _ = fib(n) } }
      }
      onThreads(1) { _ in try? withWorker(named: "outer") { _ in _ = outer(1) } }
      let trace = try tracer.stop()
      #expect(trace.stacks.map(\.name) == ["fib-20", "fib-12", "fib-5", "outer"])
      let counts = trace.stacks.map { stack in names(stack, runtime).count { $0 == "fib" } }
      #expect(counts == [20, 12, 5, 0])
      #expect(names(try #require(trace.stacks.last), runtime).prefix(2) == ["leaf", "outer"])
    }
  }

  @Test("of a stack with more frames than are kept the innermost are there")
  func deep() throws {
    try withRuntime { runtime in
      let sum = try runtime.define("sum", as: ((Int) -> Int).self) { f in
        let done = f.label("done")
        f.entrySite()
        f.prologue()
        f.mov(.rax, .rdi)
        f.test(.rdi, .rdi)
        f.j(.e, done)
        f.sub(.rdi, 1)
        f.callSelf()
        f.bind(done)
        f.functionReturn()
      }
      let tracer = StackTracer()
      try tracer.start(in: runtime)
      _ = sum(1000)
      let stack = try #require(try tracer.stop().stacks.first)
      #expect(stack.isCut && stack.frames.count == 239)
      #expect(stack.frames.map(\.size) == [8] + Array(repeating: 16, count: 238))
      #expect(stack.depth > 1001 * 16)
    }
  }

  @Test("the text is that of the kernel's stack_trace")
  func text() throws {
    try withRuntime { runtime in
      let leaf = try runtime.adder("leaf", 1)
      let tracer = StackTracer()
      try tracer.start(in: runtime)
      try withWorker(named: "somebody") { _ in _ = leaf(1) }
      let trace = try tracer.stop()
      var text: [UInt8] = []
      trace.write(of: runtime, limit: 1) { text += $0 }
      let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
      let stack = try #require(trace.stacks.first)
      #expect(lines.prefix(2) == ["# tracer: stack", "#"])
      #expect(lines[2] == "# somebody-\(ftrace_sys_gettid()): stack_max_size \(stack.depth)")
      #expect(lines[3] == "#        Depth    Size   Location    (\(stack.frames.count) entries)")
      #expect(lines[4] == "#        -----    ----   --------")
      #expect(try #/  0\) +(\d+)       8   leaf/#.wholeMatch(in: lines[5])?.1 == "\(stack.depth)")
      #expect(lines.last == "# \(stack.frames.count - 1) more")
    }
  }

  @Test("a call that is not the deepest takes nine instructions")
  func budget() throws {
    try withRuntime(.atEmission) { runtime in
      _ = try runtime.adder("f", 1)
      let tracer = StackTracer()
      try tracer.start(in: runtime)
      let site = try #require(runtime.entrySites.first { $0.function == "f" })
      guard case .tracing(let trampoline) = site.state else {
        Issue.record("\(site.state)")
        return
      }
      let code = try Disassembler().decode(memory(at: trampoline, count: 96), at: UInt64(trampoline))
      let end = try #require(code.firstIndex { $0.mnemonic == "ret" })
      #expect(code[...end].count == 9, "\(code[...end].map(\.text))")
      _ = try tracer.stop()
    }
  }
}
