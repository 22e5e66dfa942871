import CFtraceShims
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
      for number in 0..<10 { #expect(outer(number) == number + 1) }
      let trace = try tracer.stop()
      #expect(outer(1) == 2, "not traced any more")

      let events = Array(trace)
      let (innerCode, outerCode) = (try inner.handle.code(), try outer.handle.code())
      #expect(events.map(\.ip) == Array(repeating: [outerCode.address, innerCode.address], count: 10).flatMap { $0 })
      for event in events where event.ip == innerCode.address {
        #expect((outerCode.address..<outerCode.address + UInt(outerCode.bytes.count)).contains(event.parentIP))
      }
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.counter <= $1.counter })
      #expect(events.allSatisfy { trace.clock.start.counter <= $0.counter && $0.counter <= trace.clock.end.counter })
      #expect(trace.tasks.map(\.threadID) == [Int(ftrace_sys_gettid())])
      #expect(trace.count == 20)
      #expect(trace.losses == Trace.Losses())
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
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.counter <= $1.counter })
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
      let tracer = FunctionTracer(options: TracerOptions(bufferBytes: bytes))
      try tracer.start(in: runtime)
      for _ in 0..<10_000 { _ = f(1) }
      let trace = try tracer.stop()
      #expect(trace.count + trace.losses.limit == 10_000)
      #expect(trace.losses.total == trace.losses.limit)
      let chunk = 1 << 16
      #expect(trace.count <= bytes / chunk * (chunk / 24))
      #expect(trace.count >= bytes / chunk * (chunk / 24 - 3))
      #expect(Array(trace).count == trace.count)
    }
  }

  @Test("a call for which the kernel has no memory is counted, and the next one tries again")
  func memory() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      // The first mapping is the stream's, the second its first chunk.
      System.withFaults([.fail(.mmap, nth: 1, errno: ENOMEM), .fail(.mmap, nth: 3, errno: ENOMEM)]) {
        for _ in 0..<10 { _ = f(1) }
      }
      let trace = try tracer.stop()
      #expect(trace.losses == Trace.Losses(memory: 1, threads: 1))
      #expect(trace.count == 8)
    }
  }

  @Test("a call from within the callback of the same thread is counted as recursion")
  func recursion() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      let slot = runtime.slotIndex
      #expect(f(1) == 2)
      try withWorker { _ in
        // What a signal handler meets that interrupts the callback: the ops' flag is set.
        setActive(1, slot: slot)
        for _ in 0..<3 { #expect(f(1) == 2) }
        setActive(0, slot: slot)
      }
      let trace = try tracer.stop()
      #expect(trace.count == 1)
      #expect(trace.losses == Trace.Losses(recursion: 3))
    }
  }

  /// Sets the flag that a thread has while the callback of the first ops runs.
  private func setActive(_ value: UInt8, slot: UInt32) {
    let offset = Int(FTRACE_THREAD_OPS_ACTIVE) + Int(slot) * Int(FTRACE_OPS_SLOTS)
    // Safe: the calling thread's own block, which has a byte for each ops.
    unsafe UnsafeMutableRawPointer(ftrace_thread_self()).storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }
}
