import BenchmarkShims
import Ftrace

/// What a call costs: with and without a site, traced in several ways, through a gate, with a stack check.
func callCosts(_ bench: Bench, _ results: inout Results) throws {
  let code = try CallCode()
  let times = bench.interleave(code.variants)
  func row(
    _ name: String, _ variant: String, over baseline: String, _ budget: ((Samples, Samples) -> Budget)? = nil
  ) {
    guard let samples = times[variant], let base = times[baseline] else { return }
    results.add(
      Row(
        name: name, samples: samples, baseline: .init(name: baseline, samples: base), budget: budget?(samples, base)))
  }
  let leaf = times["leaf"] ?? Samples()
  let callRet = (times["two-calls"]?.median ?? .nan) - (times["leaf"]?.median ?? .nan)

  row("floor-call-ret", "leaf", over: "empty-loop")
  row("floor-second-call-ret", "two-calls", over: "leaf")
  row("floor-rdtsc", "rdtsc", over: "empty-loop")
  row("floor-inc", "inc", over: "empty-loop")

  row("nop", "leaf-nop", over: "leaf") { .same($0, as: $1, within: 1.01) }
  row("nop-fib", "fib-nop", over: "fib") { .same($0, as: $1, within: 1.01) }
  row("stub", "leaf-stub", over: "leaf") { stub, leaf in
    Budget(text: "1.15 × a second call+ret", value: (stub.median - leaf.median) / callRet, limit: 1.15)
  }
  row("c-callback", "leaf-callback", over: "leaf-stub") { callback, _ in
    .added(callback, to: leaf, "no site", atMost: 6)
  }
  row("two-callbacks", "leaf-two-callbacks", over: "leaf-callback") { two, one in
    .ratio(two, to: one, "one", atMost: 2.2)
  }
  row("enter-leave", "gate", over: "layer") { .added($0, to: $1, "one more call", atMost: 0.3) }
  row("prologue-check", "fib-check", over: "fib") { .added($0, to: $1, "no check", atMost: 0.2) }

  row("poll", "loop-poll", over: "loop-no-poll") { .added($0, to: $1, "no poll", atMost: 0.1) }
  row("c-callback-own", "leaf-callback-own", over: "leaf-stub")
  row("c-callback-integers", "leaf-callback-integers", over: "leaf-stub")
  row("c-callback-registers", "leaf-callback-registers", over: "leaf-stub")
  row("closure-callback", "leaf-closure", over: "leaf-callback")
  row("enter-leave-nested", "gate-nested", over: "layer")
  row("mcount-off", "leaf-mcount-off", over: "leaf-stub")
  row("mcount-pending", "leaf-mcount-pending", over: "leaf-stub")
}

/// The runtimes and functions of the measurement. Each way of tracing has a runtime of its own, so that all of them stand side by side.
private final class CallCode {
  private let plain: TraceRuntime
  /// Runtimes that only have to live.
  private var traced: [TraceRuntime] = []
  private(set) var variants: [Variant] = []
  private static let fibArgument = 20

  init() throws {
    plain = try .forBenchmarks()
    try addPlain()
    try addTraced()
  }

  private func addPlain() throws {
    let leaf = try plain.leaf("leaf", site: false)
    try add("leaf", leaf, in: plain)
    try add("leaf-nop", try plain.leaf("leaf with a site", site: true), in: plain)
    try add("leaf-stub", try plain.leafWithStub("leaf with a stub"), in: plain)

    let calls = Double(fibCalls(Self.fibArgument))
    for (name, site, check) in [("fib", false, false), ("fib-nop", true, false), ("fib-check", false, true)] {
      try add(
        name, try plain.fib(name, site: site, stackCheck: check), in: plain, argument: Self.fibArgument,
        operations: calls)
    }

    try addLoop("empty-loop") { _ in }
    try addLoop("two-calls") {
      $0.call(leaf)
      $0.call(leaf)
    }
    try addLoop("rdtsc") { $0.rdtsc() }
    let word = UnsafeMutablePointer<UInt64>.allocate(capacity: 8)
    // Never freed: it is as long as the run.
    unsafe word.initialize(repeating: 0, count: 8)
    try addLoop("inc", target: UInt(bitPattern: word)) { $0.inc(.qword, .base(.r12)) }
    // Loops of some work, as those that poll are.
    let work = { (f: FunctionBuilder) in
      for _ in 0..<4 { f.lea(.r14, .base(.r14, index: .rdi, scale: .x1, 3)) }
    }
    try addLoop("loop-no-poll") { work($0) }
    try addLoop("loop-poll") {
      work($0)
      $0.poll()
    }

    // Gates are measured from outside, where they enter: by a loop in C.
    let callee = try plain.leaf("callee", site: false)
    addOutside("layer", try leafAddress(try plain.layer("layer", over: callee)))
    let gate = try callee.gate()
    addOutside("gate", gate)
    try addLoop("gate-nested", target: gate) { $0.call(.r12) }
  }

  private func addTraced() throws {
    func runtime(
      _ name: String, recording: RecordingMode = .atEmission, _ ops: [TraceOps] = []
    ) throws -> (TraceRuntime, FunctionHandle) {
      let runtime = try TraceRuntime.forBenchmarks(recording)
      let leaf = try runtime.leaf(name, site: true)
      for ops in ops { try runtime.register(ops) }
      traced.append(runtime)
      try add(name, leaf, in: runtime)
      return (runtime, leaf)
    }
    // The same function, with the registers as an untyped pointer.
    let empty = unsafe unsafeBitCast(
      bench_empty_callback as @convention(c) (UInt, UInt, UnsafeMutableRawPointer?, UnsafeRawPointer?) -> Void,
      to: TraceOps.Callback.self)
    _ = try runtime("leaf-callback", [unsafe TraceOps(name: "empty", callback: empty)])
    _ = try runtime(
      "leaf-two-callbacks",
      [unsafe TraceOps(name: "first", callback: empty), unsafe TraceOps(name: "second", callback: empty)])
    let own = try TraceRuntime.forBenchmarks()
    traced.append(own)
    try add("leaf-callback-own", try own.leaf("own", site: true), in: own)
    try own.register(unsafe TraceOps(name: "filtered", filter: TraceFilter(trace: ["own"]), callback: empty))
    try add("leaf-callback-integers", try own.leaf("integers", site: true), in: own)
    try own.register(
      unsafe TraceOps(
        name: "integers", filter: TraceFilter(trace: ["integers"]), preservesVectors: true, callback: empty))
    try add("leaf-callback-registers", try own.leaf("registers", site: true), in: own)
    try own.register(
      unsafe TraceOps(name: "registers", filter: TraceFilter(trace: ["registers"]), registers: true, callback: empty))
    _ = try runtime("leaf-closure", [TraceOps(name: "closure") { _ in }])

    let (off, _) = try runtime("leaf-mcount-off", recording: .onFirstCall)
    try off.setEnabled(false)
    _ = try runtime("leaf-mcount-pending", recording: .onFirstCall)
  }

  // MARK: - Parts

  /// The address of a function's body, which nobody redefines or frees here.
  private func leafAddress(_ function: FunctionHandle) throws -> UInt { unsafe try function.rawEntry() }

  /// A loop of its own for each function, which calls it as emitted code does, by its slot.
  private func add(
    _ name: String, _ function: FunctionHandle, in runtime: TraceRuntime, argument: Int = 1, operations: Double = 1
  ) throws {
    let loop = try runtime.loop("loop over \(name)") { $0.call(function) }
    variants.append(Variant(name: name, operations: operations) { _ = loop($0, 0, argument) })
  }

  private func addLoop(_ name: String, target: UInt = 0, _ body: (FunctionBuilder) -> Void) throws {
    let loop = try plain.loop("loop of \(name)", body)
    variants.append(Variant(name: name) { _ = loop($0, target, 1) })
  }

  private func addOutside(_ name: String, _ address: UInt) {
    variants.append(Variant(name: name) { bench_call_loop(UInt64($0), address, 1) })
  }
}
