import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceTracers
import FtraceX86Assembler
import Testing

/// Bodies with shadow stacks where the machine's stack is not what it usually is: code on another one, as signal handlers are, above and
/// below the thread's own in the order of addresses.
@Suite struct ShadowStackTests {
  private struct Code {
    var switching, throwing: EmittedFunction<Int, Int, UInt>

    init(_ runtime: TraceRuntime) throws {
      let leaf = try runtime.define("leaf", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(stackCheck: false)
        f.lea(.rax, .base(.rdi, 1))
        f.functionReturn()
      }
      let middle = try runtime.define("middle", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(stackCheck: false)
        f.call(leaf)
        f.functionReturn()
      }
      let thrower = try runtime.define("thrower", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.mov(.rsp, .rdx)
        f.mov(.rbp, .rcx)
        f.mov(.rax, .rdi)
        f.jmp(.rsi)
      }
      let deep = try runtime.define("deep", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(stackCheck: false)
        f.call(thrower)
        f.functionReturn()
      }
      switching = try runtime.define("switching", as: ((Int, UInt) -> Int).self) { f in
        f.entrySite()
        f.prologue(saving: [.rbx, .r12])
        f.mov(.rbx, .rsp)
        f.mov(.r12, .rsi)
        for _ in 0..<2 {
          f.mov(.rsp, .r12)
          f.call(middle)
          f.mov(.rsp, .rbx)
        }
        f.call(leaf)
        f.functionReturn()
      }
      throwing = try runtime.define("throwing", as: ((Int, UInt) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        let caught = f.label("caught")
        f.mov(.rdx, .rsp)
        f.mov(.rcx, .rbp)
        f.mov(.rsp, .rsi)
        f.lea(.rsi, .rip(caught))
        f.call(deep)
        f.bind(caught)
        f.call(leaf)
        f.functionReturn()
      }
    }
  }

  /// Calls `body` with the tops of two stacks: one that was there before the thread's own, and one that came later.
  private func onThread(_ body: @escaping @Sendable (UInt) -> Void) {
    let early = SharedWords(1 << 16)
    onThreads(1) { _ in
      let late = SharedWords(1 << 16)
      for stack in [early, late] { body((stack.address + 8 << 16) & ~63) }
    }
  }

  @Test("calls on another stack are measured, and those that they interrupt go on")
  func profile() throws {
    try withRuntime { runtime in
      let code = try Code(runtime)
      let tracer = ProfileTracer()
      try tracer.start(in: runtime)
      onThread { _ = code.switching(1, $0) }
      var profile = try tracer.stop()
      func calls() -> [String: Int] { Dictionary(uniqueKeysWithValues: profile.functions.map { ($0.name, $0.calls) }) }
      #expect(calls() == ["switching": 2, "middle": 4, "leaf": 6])
      #expect(profile.missing == Profile.Missing())
      try tracer.start(in: runtime)
      onThread { stack in for _ in 0..<3 { _ = code.throwing(1, stack) } }
      profile = try tracer.stop()
      #expect(calls() == ["throwing": 6, "leaf": 6])
      #expect(profile.missing == Profile.Missing(unwound: 12))
    }
  }

  @Test("calls on another stack are recorded, and those that they interrupt go on")
  func graph() throws {
    try withRuntime { runtime in
      let code = try Code(runtime)
      for (limits, counts) in [
        (GraphLimits(maxDepth: 100), GraphTrace.Counts(entries: 12 + 24, exits: 12 + 12, unwound: 12)),
        (GraphLimits(roots: ["switching", "deep"]), GraphTrace.Counts(entries: 12 + 18, exits: 12, unwound: 12)),
        (GraphLimits(threshold: .nanoseconds(1)), GraphTrace.Counts(entries: 12 + 12, exits: 12 + 12)),
      ] {
        var options = TracerOptions()
        options.graph = limits
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        onThread { stack in
          _ = code.switching(1, stack)
          for _ in 0..<3 { _ = code.throwing(1, stack) }
        }
        let found = try tracer.stop().counts()
        #expect(found.isBalanced && found.lost == 0 && found.openAtStart == 0)
        // A frame that is gone is told of when the next call is recorded: after the last one, nobody is. And of a stack that lies above the
        // thread's own nothing tells that its frames are gone: a call that follows is taken to be within them.
        let unwound = found.unwound + found.openAtEnd
        let taken = limits.roots.isEmpty ? 0 : 6
        #expect((counts.exits...counts.exits + taken).contains(found.exits))
        #expect(found.entries - unwound == found.exits && unwound <= 12)
      }
    }
  }

  @Test("what bodies touch, the traced function has back", arguments: TraceClockKind.allCases)
  func registers(clock: TraceClockKind) throws {
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
      let profile = ProfileTracer(options: options)
      try profile.start(in: runtime)
      for limits in [GraphLimits(maxDepth: 1), GraphLimits(threshold: .seconds(1)), GraphLimits(roots: ["other"])] {
        options.graph = limits
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        for _ in 0..<2 { #expect(f(1, 10, 100, 1000, 10_000, 100_000) == 1 + 20 + 300 + 5000 + 70_000 + 1_100_000) }
        #expect(try tracer.stop().counts().exits == (limits.maxDepth == 1 ? 2 : 0))
      }
      #expect(try profile.stop().functions.map(\.calls) == [6])
    }
  }
}
