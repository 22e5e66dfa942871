import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import Glibc
import Synchronization
import Testing

@Suite struct FunctionTracerTests {
  @Test(
    "every call is recorded with its function, its caller, its thread and its time", arguments: RecordingMode.allCases)
  func everyCall(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      let start = ftrace_rdtsc()
      for number in 0..<10 { #expect(outer(number) == number + 1) }
      let end = ftrace_rdtsc()
      let trace = try tracer.stop()
      #expect(outer(1) == 2, "not traced any more")

      let events = Array(trace)
      let (innerCode, outerCode) = (try inner.handle.code(), try outer.handle.code())
      #expect(events.map(\.ip) == Array(repeating: [outerCode.address, innerCode.address], count: 10).flatMap { $0 })
      for event in events where event.ip == innerCode.address {
        #expect((outerCode.address..<outerCode.address + UInt(outerCode.bytes.count)).contains(event.parentIP))
      }
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
      #expect(events.allSatisfy { (start...end).contains($0.time) })
      let processors = sysconf(Int32(_SC_NPROCESSORS_CONF))
      #expect(events.allSatisfy { (0..<processors).contains($0.cpu ?? -1) }, "glibc registers rseq")
      #expect(trace.tasks.map(\.threadID) == [Int(ftrace_sys_gettid())])
      #expect(trace.count == 20)
      #expect(trace.losses == EventLosses())
    }
  }

  @Test("each thread has a stream, which outlives it, and the streams are merged by time")
  func threads() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      onThreads(4) { index in for _ in 0..<1000 * (index + 1) { _ = f(1) } }
      let trace = try tracer.stop()
      #expect(trace.tasks.map(\.events).sorted() == [1000, 2000, 3000, 4000])
      #expect(Set(trace.tasks.map(\.threadID)).count == 4)
      let events = Array(trace)
      #expect(events.count == 10_000)
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
      for (index, task) in trace.tasks.enumerated() { #expect(events.count { $0.task == index } == task.events) }
    }
  }

  @Test("a thread that takes an ended one's place has a stream of its own")
  func threadsInTurn() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      for _ in 0..<50 { onThreads(1) { _ in _ = f(1) } }
      let trace = try tracer.stop()
      #expect(trace.tasks.count == 50)
      #expect(trace.tasks.allSatisfy { $0.events == 1 })
    }
  }

  @Test("a task has the name that its thread had at its first event")
  func taskName() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      onThreads(1) { _ in try? withWorker(named: "a-worker") { _ in _ = f(1) } }
      #expect(try tracer.stop().tasks.map(\.name) == ["a-worker"])
    }
  }

  @Test("the processor is the one that the thread runs on")
  func processor() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let first = ftrace_test_processor(0)
      let second = ftrace_test_processor(first + 1)
      let chosen = second < 0 ? [first] : [first, second]
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      for cpu in chosen {
        onThreads(1) { _ in
          #expect(ftrace_test_run_on(cpu))
          _ = f(1)
        }
      }
      #expect(try tracer.stop().map(\.cpu) == chosen.map { Int($0) })
    }
  }

  @Test("only functions that the filter wants are recorded, those defined later included")
  func filter() throws {
    try withRuntime { runtime in
      let tracer = FunctionTracer()
      try tracer.start(in: runtime, filter: TraceFilter(trace: ["a*"], notrace: ["*z"]))
      let functions = try ["a", "b", "abc", "az"].map { try runtime.adder($0, 1) }
      for f in functions { _ = f(1) }
      let trace = try tracer.stop()
      #expect(trace.map { runtime.name(of: $0.ip) } == ["a", "abc"])
    }
  }

  @Test("two tracers of one runtime record each for itself")
  func two() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let (first, second) = (FunctionTracer(), FunctionTracer())
      try first.start(in: runtime)
      _ = f(1)
      try second.start(in: runtime)
      _ = f(1)
      #expect(try first.stop().count == 2)
      _ = f(1)
      #expect(try second.stop().count == 2)
    }
  }

  @Test("a tracer starts once at a time, and can be started again")
  func restart() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      #expect(throws: FtraceError.self) { try tracer.stop() }
      try tracer.start(in: runtime)
      #expect(throws: FtraceError.self) { try tracer.start(in: runtime) }
      _ = f(1)
      let first = try tracer.stop()
      try tracer.start(in: runtime)
      for _ in 0..<3 { _ = f(1) }
      #expect(try tracer.stop().count == 3)
      #expect(first.count == 1, "a trace does not change")
    }
  }

  @Test("recording allocates nothing of Swift's, whatever it maps")
  func allocatesNothing() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      // The first call attaches the thread.
      _ = f(1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      func count() -> Int? { allocations { for _ in 0..<10_000 { _ = f(1) } } }
      let traced = count()
      #expect(try tracer.stop().count == 10_000 * allocationRuns)
      // What the call itself allocates, in builds that are not optimised, is not the tracer's doing.
      #expect(traced == count())
    }
  }

  @Test("a tracer that goes unregisters its ops")
  func dropped() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      do {
        let tracer = FunctionTracer()
        try tracer.start(in: runtime)
        #expect(runtime.registeredOps.count == 1)
      }
      #expect(runtime.registeredOps.isEmpty)
      #expect(f(1) == 2)
    }
  }
}

/// What is not recorded is counted.
@Suite struct LossTests {
  @Test("beyond the limit of memory calls are counted", arguments: [0, 1 << 16, 3 << 16, 200_000])
  func limit(bytes: Int) throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      for mode in [TraceBuffer.Mode.discard, .overwrite] {
        var options = TracerOptions(bufferBytes: bytes)
        options.mode = mode
        let tracer = FunctionTracer(options: options)
        try tracer.start(in: runtime)
        for _ in 0..<100_000 { _ = f(1) }
        let trace = try tracer.stop()
        #expect(UInt64(trace.count) + trace.losses.entries == 100_000)
        #expect(trace.losses.total == trace.losses[mode == .discard ? .full : .overwritten].entries)
        #expect(trace.count <= max(bytes, 8192) / 16)
        #expect(trace.count >= max(bytes, 8192) / 16 / 2)
        #expect(Array(trace).count == trace.count)
      }
    }
  }

  @Test("where the kernel has no memory for a buffer nothing is registered, and the next start has it")
  func memory() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      System.withFaults([.fail(.mmap, nth: 1, errno: ENOMEM)]) {
        #expect(throws: FtraceError.self) { try tracer.start(in: runtime) }
      }
      #expect(runtime.registeredOps.isEmpty)
      try tracer.start(in: runtime)
      _ = f(1)
      #expect(try tracer.stop().count == 1)
    }
  }

  @Test("a call from a signal handler that has interrupted the recording of another is counted, and told")
  func nested() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      let slot = runtime.slotIndex
      #expect(f(1) == 2)
      try withWorker { _ in
        #expect(f(1) == 2)
        setBusy(1, slot: slot)
        for _ in 0..<3 { #expect(f(1) == 2) }
        setBusy(0, slot: slot)
        #expect(f(1) == 2)
      }
      let trace = try tracer.stop()
      #expect(trace.count == 3)
      #expect(trace.losses[.nested] == EventLosses.Counts(entries: 3))
      #expect(trace.losses.total == 3)
      var text: [UInt8] = []
      trace.write(of: runtime, limit: nil) { text += $0 }
      let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
      #expect(lines.count { $0.contains(" [LOST 3 EVENTS: a signal handler made them ") } == 1)
    }
  }

  /// What a signal handler meets that has interrupted an append of the first ops.
  private func setBusy(_ value: UInt32, slot: UInt32) {
    let blocks = Int(FTRACE_THREAD_RUNTIME) + Int(slot) * 8
    // Safe: the calling thread's own block, which has recorded a call in this runtime.
    let block = unsafe UnsafeMutableRawPointer(ftrace_thread_self()).load(
      fromByteOffset: blocks, as: UnsafeMutableRawPointer.self)
    unsafe block.storeBytes(of: value, toByteOffset: Int(FTRACE_CHANNEL_BUSY), as: UInt32.self)
  }
}
