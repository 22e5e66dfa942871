import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceTracers
import Testing

@Suite struct ProfileTracerTests {
  private func profile(
    _ runtime: TraceRuntime, _ clock: TestClock, filter: TraceFilter = .all, _ body: () throws -> Void
  ) throws -> Profile {
    let tracer = ProfileTracer(options: TracerOptions(), word: clock.address)
    try tracer.start(in: runtime, filter: filter)
    try body()
    return try tracer.stop()
  }

  private let nothing = Profile.Missing()

  @Test("every call of fib is in the sums, least, most and histogram", arguments: RecordingMode.allCases)
  func fib(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let clock = TestClock()
      let fib = try runtime.timedFib(clock)
      let profile = try profile(runtime, clock) { #expect(fib(20) == 6765) }
      let calls = FibCalls(20).sizes
      let function = try #require(profile.functions.first)
      #expect(profile.functions.count == 1 && function.name == "fib" && function.calls == 21_891)
      #expect(function.own == .nanoseconds(21_891))
      #expect(function.total == .nanoseconds(calls.reduce(0, +)))
      #expect((function.least, function.most) == (.nanoseconds(1), .nanoseconds(21_891)))
      let buckets = Dictionary(grouping: calls) { Int.bitWidth - 1 - $0.leadingZeroBitCount }
      #expect(function.histogram.map(\.calls) == buckets.keys.sorted().map { buckets[$0]?.count })
      #expect(function.histogram.map(\.below) == buckets.keys.sorted().map { .nanoseconds(2 << $0) })
      #expect(profile.missing == nothing)
    }
  }

  @Test("time is the function's own, or that of what it called, and each is counted once")
  func callers() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let leaf = try runtime.timedFib(clock, named: "leaf")
      let middle = try runtime.timedCaller("middle", clock, 10, of: leaf)
      let outer = try runtime.timedCaller("outer", clock, 100, of: middle)
      let all = try profile(runtime, clock) { for _ in 0..<3 { _ = outer(1) } }
      #expect(all.functions.map(\.name) == ["outer", "middle", "leaf"])
      #expect(all.functions.map(\.own) == [300, 30, 3].map { .nanoseconds($0) })
      #expect(all.functions.map(\.total) == [333, 33, 3].map { .nanoseconds($0) })
      // What is not profiled is its caller's own.
      let two = try profile(runtime, clock, filter: TraceFilter(notrace: ["middle"])) { _ = outer(1) }
      #expect(two.functions.map(\.name) == ["outer", "leaf"])
      #expect(two.functions.map(\.own) == [.nanoseconds(110), .nanoseconds(1)])
    }
  }

  @Test("calls that end without a return are left out and counted, and those around them are right")
  func unwound() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let catcher = try runtime.throwing(clock)
      let outer = try runtime.timedCaller("outer", clock, 1000, of: catcher)
      let profile = try profile(runtime, clock) { for _ in 0..<5 { _ = outer(1) } }
      #expect(profile.functions.map { "\($0.name) \($0.calls)" } == ["outer 5", "catcher 5"])
      #expect(profile.functions.map(\.total) == [.nanoseconds(5 * 1111), .nanoseconds(5 * 111)])
      var missing = nothing
      missing.unwound = 10
      #expect(profile.missing == missing)
    }
  }

  @Test("what began before it, and what has not ended, is counted")
  func open() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let tracer = ProfileTracer(options: TracerOptions(), word: clock.address)
      let actions = NextAction()
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
      _ = outer(1)
      let first = try tracer.stop()
      #expect(first.functions.map(\.calls) == [1, 1])
      #expect(first.missing.openAtStart == 2)
      try tracer.start(in: runtime)
      let kept = SharedProfile()
      actions.next = { kept.profile = try tracer.stop() }
      _ = outer(1)
      let second = try #require(kept.profile)
      #expect(second.functions.isEmpty && second.missing.openAtEnd == 2)
      #expect(actions.error == nil)
    }
  }

  @Test("calls that are nested too deeply are counted, and the others are right")
  func deep() throws {
    try withRuntime { runtime in
      let down = try runtime.define("down", as: ((Int) -> Int).self) { f in
        let done = f.label("done")
        f.entrySite()
        f.prologue()
        f.mov(.rax, .rdi)
        f.dec(.rdi)
        f.j(.s, done)
        f.callSelf()
        f.bind(done)
        f.functionReturn()
      }
      let tracer = ProfileTracer()
      try tracer.start(in: runtime)
      let thread = try #require(startThread(named: "deep") { _ = down(70_000) })
      join(thread)
      let profile = try tracer.stop()
      #expect(profile.functions.map(\.calls) == [65_536])
      #expect(profile.missing.tooDeep == 70_001 - 65_536)
      #expect(profile.missing.openAtEnd == 0 && profile.missing.unwound == 0)
    }
  }

  @Test("two at once, and others beside them, do not see one another")
  func several() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let fib = try runtime.timedFib(clock)
      let outer = try runtime.timedCaller("outer", clock, 7, of: fib)
      let second = ProfileTracer(options: TracerOptions(), word: clock.address)
      let (graph, counter) = (FunctionGraphTracer(), CountTracer())
      let first = try profile(runtime, clock) {
        _ = outer(5)
        try second.start(in: runtime, filter: TraceFilter(trace: ["fib"]))
        try graph.start(in: runtime)
        try counter.start(in: runtime)
        _ = outer(6)
      }
      _ = outer(7)
      let calls = (5...7).map { FibCalls($0).sizes.count }
      #expect(first.functions.map { "\($0.name) \($0.calls)" } == ["fib \(calls[0] + calls[1])", "outer 2"])
      #expect(first.functions.map(\.own) == [.nanoseconds(calls[0] + calls[1]), .nanoseconds(14)])
      #expect(try second.stop().functions.map(\.calls) == [calls[1] + calls[2]])
      #expect(
        try graph.stop().counts() == GraphTrace.Counts(entries: calls[1] + calls[2] + 2, exits: calls[1] + calls[2] + 2)
      )
      #expect(try counter.stop().functions.map(\.calls) == [calls[1] + calls[2], 2])
    }
  }

  @Test("threads measure for themselves, what they measured outlives them, and those left out are not in it")
  func threads() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      for clock in TraceClockKind.allCases {
        var options = TracerOptions()
        options.clock = clock
        let tracer = ProfileTracer(options: options)
        try tracer.start(in: runtime)
        for _ in 0..<2 { onThreads(3) { _ in _ = fib(10) } }
        let function = try #require(try tracer.profile().functions.first)
        #expect(function.calls == 6 * 177)
        #expect(function.own <= function.total && function.least <= function.most)
        #expect(function.histogram.map(\.calls).reduce(0, +) == 6 * 177)
        #expect(try tracer.stop().missing == nothing)
      }
      var options = TracerOptions()
      options.threads = [currentThreadID()]
      let tracer = ProfileTracer(options: options)
      try tracer.start(in: runtime)
      onThreads(2) { _ in _ = fib(10) }
      _ = fib(5)
      let chosen = try tracer.stop()
      #expect(chosen.functions.map(\.calls) == [15])
      #expect(chosen.missing == nothing)
    }
  }

  @Test("a function that is redefined has its calls by name, wherever it lies")
  func redefinition() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = ProfileTracer()
      try tracer.start(in: runtime)
      for round in 0..<10 {
        for _ in 0..<3 { _ = f(1) }
        try runtime.redefine(f.handle) { $0.addsToArgument(Int32(round)) }
      }
      _ = f(1)
      let calls = try tracer.stop().functions.map(\.calls).reduce(0, +)
      #expect(calls == 31)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("as text: aligned, with units, and where the calls lie")
  func text() throws {
    try withRuntime { runtime in
      let clock = TestClock()
      let fib = try runtime.timedFib(clock)
      let outer = try runtime.timedCaller("outer", clock, 2000, of: fib)
      let profile = try profile(runtime, clock) { _ = outer(4) }
      var bytes: [UInt8] = []
      profile.write(of: runtime, limit: nil) { bytes += $0 }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      #expect(lines[0] == "# tracer: profile")
      #expect(lines[2] == "#      CALLS        SELF       TOTAL        MEAN         MIN         MAX  FUNCTION")
      #expect(lines[3] == "           1    2.000 us    2.009 us    2.009 us    2.009 us    2.009 us  outer")
      #expect(lines[4] == "           9        9 ns       25 ns        2 ns        1 ns        9 ns  fib")
      #expect(lines.contains("# fib: calls by duration"))
    }
  }
}

/// What a host function does when it is called next, once.
// Unchecked: set and run by one thread.
final class NextAction: @unchecked Sendable {
  var next: (() throws -> Void)?
  var error: (any Error)?

  func run() {
    let action = next
    next = nil
    do { try action?() } catch { self.error = error }
  }
}

/// Unchecked: set and read by one thread.
private final class SharedProfile: @unchecked Sendable { var profile: Profile? }
