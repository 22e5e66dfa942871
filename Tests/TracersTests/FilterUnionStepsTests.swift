import Ftrace
import FtraceEngine
import FtraceTestSupport
import Testing

/// As the kernel's selftest `fgraph-multi-filter.tc`: several graph tracers, each with a filter of its own, are switched on and off in several
/// orders; at each step exactly those sites are enabled that some tracer which is on wants, and in the end those of the beginning.
@Suite struct FilterUnionStepsTests {
  private static let names = ["schedule_a", "schedule_b", "timer_a", "timer_b", "both_a", "idle"]
  private static let filters: [(trace: [String], notrace: [String])] = [
    (["schedule*"], []), (["timer*"], ["timer_b"]), (["*_a"], []), (["both_a", "idle"], []),
  ]

  private func wants(_ filter: Int, _ name: String) -> Bool {
    let (trace, notrace) = Self.filters[filter]
    return trace.contains { Glob($0).matches(name) } && !notrace.contains { Glob($0).matches(name) }
  }

  /// Names of the functions with an enabled site, once for each end.
  private func enabled(_ runtime: TraceRuntime) -> [String: Int] {
    runtime.sites.reduce(into: [:]) { counts, site in
      if case .tracing = site.state { counts[site.function, default: 0] += 1 }
    }
  }

  @Test("the enabled sites are the union of the filters at each step", arguments: RecordingMode.allCases)
  func union(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try Self.names.map { try runtime.adder($0, 1) }
      for f in functions { _ = f(1) }
      try runtime.register(TraceOps(name: "settle", filter: TraceFilter(trace: ["nothing"])) { _ in })
      let start = enabled(runtime)
      #expect(start.isEmpty)
      let orders: [(on: [Int], off: [Int])] = [
        ([0, 1, 2, 3], [0, 1, 2, 3]), ([0, 1, 2, 3], [3, 2, 1, 0]), ([2, 0, 3, 1], [1, 2, 0, 3]),
        ([3, 1, 0, 2], [0, 3, 2, 1]),
      ]
      for (on, off) in orders {
        let tracers = Self.filters.map { _ in FunctionGraphTracer(options: TracerOptions(bufferBytes: 1 << 20)) }
        var active: Set<Int> = []
        var calls = Dictionary(uniqueKeysWithValues: Self.filters.indices.map { ($0, 0) })
        func checkStep() {
          var expected: [String: Int] = [:]
          for name in Self.names where active.contains(where: { wants($0, name) }) { expected[name] = 2 }
          #expect(enabled(runtime) == expected, "with \(active.sorted())")
          for (f, name) in zip(functions, Self.names) {
            _ = f(1)
            for filter in active where wants(filter, name) { calls[filter, default: 0] += 1 }
          }
        }
        for filter in on {
          let (trace, notrace) = Self.filters[filter]
          try tracers[filter].start(
            in: runtime, filter: TraceFilter(trace: trace.map { Glob($0) }, notrace: notrace.map { Glob($0) }))
          active.insert(filter)
          checkStep()
        }
        for filter in off {
          let counts = try tracers[filter].stop().counts()
          active.remove(filter)
          #expect(counts == GraphTrace.Counts(entries: calls[filter] ?? 0, exits: calls[filter] ?? 0))
          checkStep()
        }
        #expect(enabled(runtime) == start)
      }
      #expect(runtime.audit().isSound)
    }
  }
}
