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
            let tracer = FunctionGraphTracer(options: options)
            let counter = CountTracer()
            try tracer.start(in: runtime)
            if round % 2 == 0 { try counter.start(in: runtime, filter: TraceFilter(trace: ["leaf"])) }
            try runtime.redefine(leaf.handle) { $0.addsToArgument(Int32(round)) }
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
            if let depth, !record.isCut { #expect(depth == open) }
            depth = open
          case .entry: depth = depth.map { $0 + 1 }
          case .exit:
            if let open = depth { #expect(open > 0) }
            depth = depth.map { $0 - 1 }
          case .loss: depth = nil
          case .unwound, .values: Issue.record("\(record.kind)")
          }
        }
      }
      #expect(depth != nil || blocks.isEmpty || trace.losses.total > 0)
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
