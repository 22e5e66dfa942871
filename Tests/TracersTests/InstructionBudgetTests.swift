import Ftrace
import FtraceDisassembly
import FtraceEngine
import FtraceTestSupport
import Testing

/// What a compiled body executes at a site when there is room, instruction by instruction: a budget that no machine's mood changes.
@Suite struct InstructionBudgetTests {
  struct Budget: CustomStringConvertible, Sendable {
    var description: String
    var clock: TraceClockKind
    var parents = false
    var values = false
    /// With the `ret`. At exits before returns spills are saved, of what is dead there.
    var instructions: Int
    var atExit: Int
  }

  private func path(
    of function: EmittedFunction<Int, Int>, at kind: SiteKind = .entry, in runtime: TraceRuntime
  ) throws -> [Instruction] {
    let site = try #require(runtime.sites.first { $0.function == "f" && $0.kind == kind })
    guard case .tracing(let trampoline) = site.state else {
      Issue.record("\(site.state)")
      return []
    }
    #expect(trampoline % 64 == 0, "it begins on a line of the cache")
    let code = memory(at: trampoline, count: 320)
    let instructions = try Disassembler().decode(code, at: UInt64(trampoline))
    let end = try #require(instructions.firstIndex { $0.mnemonic == "ret" })
    return Array(instructions[...end])
  }

  @Test(
    arguments: [
      Budget(description: "without a clock", clock: .ordinal, instructions: 20, atExit: 16),
      Budget(description: "by a word", clock: .coarse, instructions: 22, atExit: 18),
      Budget(description: "by the time-stamp counter", clock: .tsc, instructions: 25, atExit: 23),
      Budget(
        description: "by the time-stamp counter, with the caller", clock: .tsc, parents: true, instructions: 30,
        atExit: 23),
      // The head is two stores, an argument one.
      Budget(
        description: "by the time-stamp counter, with an argument", clock: .tsc, values: true, instructions: 28,
        atExit: 27),
    ])
  func event(_ budget: Budget) throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.adder("f", 1)
      var configuration = TraceBuffer.Configuration()
      configuration.clock = budget.clock
      let buffer = try TraceBuffer(configuration)
      let ops = TraceOps(
        name: "event", body: EventBody(ends: .both, parents: budget.parents, values: budget.values, into: buffer))
      try runtime.register(ops)
      for (kind, count) in [(SiteKind.entry, budget.instructions), (.exit, budget.atExit)] {
        let path = try path(of: f, at: kind, in: runtime)
        #expect(path.count == count, "\(path.map(\.text))")
        #expect(
          !path.contains { $0.mnemonic.hasPrefix("lock") || $0.mnemonic == "call" || $0.mnemonic.hasSuffix("fence") })
      }
      _ = f(1)
      try runtime.unregister(ops)
      #expect(buffer.takeBlocks().count == 1)
    }
  }

  @Test("counting a call takes twelve instructions, none of them locked")
  func count() throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.adder("f", 1)
      let tracer = CountTracer()
      try tracer.start(in: runtime)
      let path = try path(of: f, in: runtime)
      #expect(path.count == 12, "\(path.map(\.text))")
      #expect(path.count { $0.mnemonic == "inc" } == 1)
      _ = try tracer.stop()
    }
  }

  /// What bodies with a shadow stack execute at the two ends of a call.
  struct ShadowBudget: CustomStringConvertible, Sendable {
    var description: String
    var limits = GraphLimits()
    var entry, exit: Int
  }

  @Test(arguments: [
    ShadowBudget(description: "profile", entry: 40, exit: 42),
    ShadowBudget(description: "depth", limits: GraphLimits(maxDepth: 4), entry: 40, exit: 32),
    ShadowBudget(description: "within a chosen function", limits: GraphLimits(roots: ["g"]), entry: 42, exit: 32),
    ShadowBudget(description: "threshold", limits: GraphLimits(threshold: .seconds(1)), entry: 34, exit: 28),
  ])
  func shadow(_ budget: ShadowBudget) throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.adder("f", 1)
      var options = TracerOptions()
      options.graph = budget.limits
      let tracer: any Tracer = budget.limits.isUnlimited ? ProfileTracer() : FunctionGraphTracer(options: options)
      try tracer.start(in: runtime, filter: .all)
      let ends = try (path(of: f, in: runtime), path(of: f, at: .exit, in: runtime))
      #expect(ends.0.count == budget.entry, "\(ends.0.map(\.text))")
      #expect(ends.1.count == budget.exit, "\(ends.1.map(\.text))")
      #expect(
        !(ends.0 + ends.1).contains {
          $0.mnemonic.hasPrefix("lock") || $0.mnemonic == "call" || $0.mnemonic.hasSuffix("fence")
        })
      _ = try tracer.stop()
    }
  }
}
