import Ftrace
import FtraceTestSupport
import FtraceWorkloads
import Synchronization
import Testing

/// Runs a workload in a runtime of its own, and returns its output.
func output(
  of name: String, _ arguments: [String], _ recording: RecordingMode = .atEmission, threads: Int? = nil,
  input: [UInt8] = [], _ look: (TraceRuntime) throws -> Void = { _ in }
) throws -> String {
  let written = Mutex<[UInt8]>([])
  let rest = Mutex(input)
  try withRuntime(recording, .set(\.reservation, 64 << 20)) { runtime in
    let workload = try #require(Workloads.named(name)).init(arguments: arguments)
    let output = WorkloadOutput { bytes in written.withLock { $0 += bytes } }
    let input = WorkloadInput {
      rest.withLock { rest in
        defer { rest = [] }
        return rest
      }
    }
    try workload.run(in: runtime, with: WorkloadContext(threads: threads, output: output, input: input))
    output.flush()
    try look(runtime)
    #expect(runtime.audit().isSound)
  }
  return written.withLock { String(decoding: $0, as: UTF8.self) }
}

@Suite struct WorkloadTests {
  @Test("workloads have names, and each runs without arguments", arguments: Workloads.names, RecordingMode.allCases)
  func defaults(name: String, mode: RecordingMode) throws {
    #expect(try !output(of: name, name == "pool" ? ["2"] : [], mode).isEmpty)
  }

  @Test("arguments that make no sense are refused before anything happens")
  func arguments() {
    for (name, arguments) in [
      ("fib", ["93"]), ("fib", ["-1"]), ("fib", ["x"]), ("fib", ["1", "2"]), ("calls", ["0"]), ("calls", ["1000001"]),
      ("calls", ["1", "-1"]), ("matmul", ["0"]), ("matmul", ["2049"]), ("pool", ["0"]), ("brainfuck", ["a", "b"]),
    ] {
      let error = #expect(throws: WorkloadError.self, "\(name) \(arguments)") {
        _ = try Workloads.named(name)?.init(arguments: arguments)
      }
      guard case .usage = error else {
        Issue.record("\(name) \(arguments): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("fib prints the number", arguments: [(0, "0"), (1, "1"), (2, "1"), (10, "55"), (20, "6765")])
  func fib(n: Int, expected: String) throws {
    #expect(try output(of: "fib", ["\(n)"]) == expected + "\n")
  }

  @Test("fib is one function, called so often as the recursion says")
  func fibCalls() throws {
    _ = try output(of: "fib", ["5"]) { runtime in #expect(runtime.functionNames == ["fib"]) }
    try withRuntime(.atEmission) { runtime in
      let tracer = FunctionTracer()
      try tracer.start(in: runtime)
      try Fib(arguments: ["20"]).run(in: runtime, with: WorkloadContext(output: .discarded))
      #expect(try tracer.stop().count == 21_891)
    }
  }

  @Test("the checksum of calls depends on its arguments, and not on the threads")
  func calls() throws {
    let one = try output(of: "calls", ["200", "5", "300"])
    #expect(try output(of: "calls", ["200", "5", "300"], threads: 3) == one)
    #expect(try output(of: "calls", ["200", "6", "300"]) != one)
    #expect(try output(of: "calls", ["201", "5", "300"]) != one)
    #expect(try output(of: "calls", ["200", "5", "301"]) != one)
    #expect(try output(of: "calls", ["1", "5", "0"]) == "0\n")
  }

  @Test("calls has as many functions as it was told")
  func callsFunctions() throws {
    _ = try output(of: "calls", ["3000", "1", "10"]) { runtime in #expect(runtime.functionNames.count == 3000) }
  }

  @Test("matmul gives the same on any number of threads, more than rows included")
  func matmul() throws {
    let one = try output(of: "matmul", ["7", "2"])
    #expect(try output(of: "matmul", ["7", "2"], threads: 3) == one)
    #expect(try output(of: "matmul", ["7", "2"], threads: 9) == one)
  }

  @Test("in the pool every worker's calls are traced while tracers come and go")
  func pool() throws {
    func calls(threads: Int) throws -> Int {
      var calls = 0
      try withRuntime(.atEmission, .set(\.reservation, 64 << 20)) { runtime in
        let tracer = FunctionTracer()
        try tracer.start(in: runtime)
        try Pool(arguments: ["3"]).run(in: runtime, with: WorkloadContext(threads: threads, output: .discarded))
        let trace = try tracer.stop()
        #expect(trace.losses == EventLosses())
        calls = trace.count
      }
      return calls
    }
    // At the end the pool calls fib(8), 67 calls, once with a tracer of its own and once without.
    let ending = 2 * 67
    #expect(try calls(threads: 3) - ending == 3 * (calls(threads: 1) - ending))
  }
}
