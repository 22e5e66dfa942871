import Ftrace
import Glibc
import FtraceEngine
import FtraceTestSupport
import Synchronization
import Testing

/// Compiled tracers come and go while workers are anywhere in emitted code.
@Suite struct GraphStressTests {
  @Test(
    "whenever tracing begins and ends, each worker's events add up",
    arguments: RecordingMode.allCases, [TraceBuffer.Mode.discard, .overwrite])
  func identity(mode: RecordingMode, buffering: TraceBuffer.Mode) throws {
    try withRuntime(mode) { runtime in
      let fib = try runtime.fib()
      let leaf = try runtime.adder("leaf", 1)
      let caller = try runtime.forwarder("caller", to: leaf)
      let done = Flag()
      try beside(
        {
          onThreads(3) { index in
            while !done.isSet { _ = index == 0 ? fib(12) : caller(fib(index + 3)) }
          }
        },
        meanwhile: {
          defer { done.set() }
          for round in 0..<8 {
            var options = TracerOptions(bufferBytes: round % 3 == 0 ? 64 << 10 : 1 << 20)
            options.mode = buffering
            options.clock = TraceClockKind.allCases[round % 4]
            options.values = round % 2 == 1
            let tracer = FunctionGraphTracer(options: options)
            let counter = CountTracer()
            try tracer.start(in: runtime)
            if round % 2 == 0 { try counter.start(in: runtime, filter: TraceFilter(trace: ["leaf"])) }
            if round % 4 >= 2 { try runtime.redefine(leaf.handle) { $0.addsToArgument(Int32(round)) } }
            sched_yield()
            if round % 2 == 0 { _ = try counter.stop() }
            replay(try tracer.stop())
          }
        })
      #expect(runtime.audit().isSound)
      #expect(runtime.quarantinedSites.isEmpty && runtime.killedReason == nil)
    }
  }

  /// Follows each worker's calls: the frames that its stack showed are those that its events say are open.
  private func replay(_ trace: GraphTrace) {
    for blocks in trace.blocks {
      var depth: Int?
      var last: EventBlock?
      for block in blocks {
        // Where something is missing, what is open is known again from the next resync on.
        if let last, !block.follows(last) { depth = nil }
        last = block
        for record in block {
          switch record.kind {
          case .resync:
            let open = Int(record.wordCount)
            if let depth, !record.isCut { #expect(depth == open, "by the events, and by the stack") }
            depth = open
          case .entry: depth = depth.map { $0 + 1 }
          case .exit:
            if let open = depth { #expect(open > 0) }
            depth = depth.map { $0 - 1 }
          case .loss: depth = nil
          case .values, .stack: break
          case .unwound: Issue.record("\(record.kind)")
          }
        }
      }
      #expect(depth != nil || blocks.isEmpty || trace.losses.total > 0)
    }
  }

  @Test(
    "each function's values are its own while functions are redefined, and tracers come and go",
    arguments: RecordingMode.allCases)
  func values(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      // Each returns its argument, and those of a kind have arguments of a range of their own.
      let integer = try runtime.define("integer", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.mov(.rax, .rdi)
        f.functionReturn()
      }
      let double = try runtime.define("double", as: ((Double) -> Double).self) { f in
        f.entrySite()
        f.functionReturn()
      }
      let done = Flag()
      try beside(
        {
          onThreads(2) { _ in
            var number = 0
            while !done.isSet {
              number += 1
              if integer(number) != number || double(Double(number)) != Double(number) { Issue.record("\(number)") }
            }
          }
        },
        meanwhile: {
          defer { done.set() }
          for round in 0..<12 {
            var options = TracerOptions(bufferBytes: 256 << 10)
            options.values = true
            options.mode = round % 2 == 0 ? .overwrite : .discard
            let tracer = FunctionGraphTracer(options: options)
            let other = FunctionTracer(options: options)
            try tracer.start(in: runtime)
            if round % 3 == 0 { try other.start(in: runtime, filter: TraceFilter(trace: ["double"])) }
            try runtime.redefine(integer.handle) { f in
              f.entrySite()
              f.nop(round + 1)
              f.mov(.rax, .rdi)
              f.functionReturn()
            }
            sched_yield()
            if round % 3 == 0 {
              for event in try other.stop() { #expect(Double(bitPattern: event.arguments.first ?? 0) >= 1) }
            }
            var text: [UInt8] = []
            try tracer.stop().write(of: runtime, limit: 20_000) { text += $0 }
            // A line with both ends has the same number twice.
            let line = #/(integer|double)\((\d+(?:\.0)?)\) = (\d+(?:\.0)?);/#
            for match in String(decoding: text, as: UTF8.self).matches(of: line) { #expect(match.2 == match.3) }
          }
        })
      #expect(runtime.audit().isSound)
    }
  }

  @Test("nothing is lost between two tracers that see the same calls")
  func twins() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      let (graph, counter) = (FunctionGraphTracer(), CountTracer())
      try graph.start(in: runtime)
      try counter.start(in: runtime)
      let calls = Atomic<Int>(0)
      onThreads(4) { _ in for _ in 0..<20 { calls.add(fib(11) == 89 ? 287 : 0, ordering: .relaxed) } }
      #expect(try counter.stop().functions.map(\.calls) == [calls.load(ordering: .relaxed)])
      let counts = try graph.stop().counts()
      #expect(counts == GraphTrace.Counts(entries: 80 * 287, exits: 80 * 287))
    }
  }
}
