import Ftrace

/// What compiled tracers cost: events of one end and of both, with each clock, and counting. Beside them the floors: a bare call and return in
/// the place of the site, and the clock itself.
func tracing(_ bench: Bench, _ results: inout Results) throws {
  let code = try TracingCode()
  let times = bench.interleave(code.variants)
  guard let leaf = times["leaf"], let stub = times["leaf-stub"], let rdtsc = times["rdtsc"],
    let loop = times["empty-loop"]
  else { return }
  let (callRet, clock) = (stub.median - leaf.median, rdtsc.median - loop.median)
  func row(_ name: String, _ budget: (Samples) -> Budget) {
    guard let samples = times[name] else { return }
    results.add(
      Row(name: name, samples: samples, baseline: .init(name: "leaf", samples: leaf), budget: budget(samples)))
  }
  func stubs(_ limit: Double) -> (Samples) -> Budget {
    { Budget(text: "\(limit) × a bare call+ret", value: ($0.median - leaf.median) / callRet, limit: limit) }
  }
  func clocks(_ count: Double, plus nanoseconds: Double) -> (Samples) -> Budget {
    { samples in
      let added = samples.median - leaf.median
      return Budget(
        text: "\(Int(count)) × rdtsc + \(nanoseconds) ns", value: added - count * clock, limit: nanoseconds)
    }
  }
  row("leaf-stub", stubs(1.01))
  row("count", stubs(1.15))
  row("event-ordinal", stubs(1.4))
  row("event-coarse", stubs(1.4))
  row("event-tsc", clocks(1, plus: 1.5))
  row("function-16", clocks(1, plus: 2.5))
  row("function-args", clocks(1, plus: 6))
  row("stack", stubs(1.15))
  row("pair-coarse") { .added($0, to: leaf, "no site", atMost: 3) }
  row("pair-tsc", clocks(2, plus: 3))
  row("event-monotonic", clocks(6, plus: 0))
  row("profile", clocks(2, plus: 10))
  row("graph-filtered", clocks(2, plus: 4))
  row("graph-filtered-short", clocks(2, plus: 2))
  row("graph-filtered-outside", clocks(0, plus: 6))
}

/// One runtime with a leaf for each way of tracing.
private final class TracingCode {
  private let runtime: TraceRuntime
  private var tracers: [any Tracer] = []
  private(set) var variants: [Variant] = []

  init() throws {
    runtime = try .forBenchmarks()
    try add("leaf", try runtime.leaf("leaf", site: false))
    try add("leaf-stub", try runtime.leafWithStub("leaf with a stub"))
    try addLoop("empty-loop") { _ in }
    try addLoop("rdtsc") { $0.rdtsc() }
    let counter = CountTracer()
    try counter.start(in: runtime, filter: TraceFilter(trace: ["count"]))
    tracers.append(counter)
    try add("count", try runtime.leaf("count", site: true))
    let stack = StackTracer()
    try stack.start(in: runtime, filter: TraceFilter(trace: ["stack"]))
    tracers.append(stack)
    try add("stack", try runtime.leaf("stack", site: true))
    try addEvents("event-ordinal", .entry, .ordinal)
    try addEvents("event-coarse", .entry, .coarse)
    try addEvents("event-tsc", .entry, .tsc)
    try addEvents("event-monotonic", .entry, .monotonic)
    try addEvents("function-16", .entry, .tsc, parents: true)
    try addEvents("function-args", .entry, .tsc, parents: true, values: true)
    try addEvents("pair-coarse", .both, .coarse)
    try addEvents("pair-tsc", .both, .tsc)
    try add("profile", ProfileTracer())
    try addGraph("graph-filtered", GraphLimits(maxDepth: 16))
    try addGraph("graph-filtered-short", GraphLimits(threshold: .seconds(1)))
    try addGraph("graph-filtered-outside", GraphLimits(roots: ["nothing"]))
  }

  private func add(_ name: String, _ tracer: any Tracer) throws {
    try tracer.start(in: runtime, filter: TraceFilter(trace: [Glob(name)]))
    tracers.append(tracer)
    try add(name, try runtime.leaf(name, site: true))
  }

  private func addGraph(_ name: String, _ limits: GraphLimits) throws {
    var options = TracerOptions(bufferBytes: 256 << 10)
    options.mode = .overwrite
    options.graph = limits
    try add(name, FunctionGraphTracer(options: options))
  }

  private func addEvents(
    _ name: String, _ ends: TraceEnds, _ clock: TraceClockKind, parents: Bool = false, values: Bool = false
  ) throws {
    var configuration = TraceBuffer.Configuration()
    configuration.clock = clock
    // A flight recorder that fits into the cache, as one that is always on would.
    configuration.totalBytes = 256 << 10
    let buffer = try TraceBuffer(configuration)
    let body = EventBody(ends: ends, parents: parents, values: values, into: buffer)
    try runtime.register(TraceOps(name: name, filter: TraceFilter(trace: [Glob(name)]), body: body))
    try add(name, try runtime.leaf(name, site: true))
  }

  private func add(_ name: String, _ function: FunctionHandle) throws {
    let loop = try runtime.loop("loop over \(name)") { $0.call(function) }
    variants.append(Variant(name: name) { _ = loop($0, 0, 1) })
  }

  private func addLoop(_ name: String, _ body: (FunctionBuilder) -> Void) throws {
    let loop = try runtime.loop("loop of \(name)", body)
    variants.append(Variant(name: name) { _ = loop($0, 0, 1) })
  }
}
