import Ftrace
import FtraceEngine
import FtraceTestSupport
import FtraceX86Assembler
import Testing

/// Compiled bodies leave alone what is live at a site: arguments at entries and before tail jumps, results before returns. What is dead before a
/// return they may change.
@Suite struct LiveRegisterTests {
  /// A way in which a compiled body is made: its options, or the tracer itself.
  struct Way: CustomStringConvertible, Sendable {
    var description: String
    var options = TracerOptions(bufferBytes: 1 << 20)
    var tracer: any Tracer.Type = FunctionGraphTracer.self

    func with(_ change: (inout TracerOptions) -> Void) -> Way {
      var way = self
      change(&way.options)
      return way
    }
  }

  static let ways =
    TraceClockKind.allCases.map { clock in Way(description: "events by \(clock)").with { $0.clock = clock } } + [
      Way(description: "values").with { $0.values = true },
      Way(description: "depth").with { $0.graph = GraphLimits(maxDepth: 9) },
      Way(description: "threshold").with { $0.graph = GraphLimits(threshold: .nanoseconds(1)) },
      Way(description: "subtree").with { $0.graph = GraphLimits(roots: ["*"]) },
      Way(description: "profile", tracer: ProfileTracer.self), Way(description: "stack", tracer: StackTracer.self),
      Way(description: "count", tracer: CountTracer.self),
    ]

  /// Checks before, while and after a tracer is on. The first calls go the slow ways, the others do not.
  private func traced(_ way: Way, in runtime: TraceRuntime, _ check: () throws -> Void) throws {
    try check()
    let tracer = way.tracer.init(options: way.options)
    try tracer.start(in: runtime, filter: .all)
    for _ in 0..<3 { try check() }
    _ = try tracer.stop()
    try check()
  }

  @Test("six arguments, the static chain and the count of vectors pass an entry and a tail jump", arguments: ways)
  func tailJump(way: Way) throws {
    try withRuntime(.atEmission) { runtime in
      // Each register counts by another weight.
      let registers: [Reg64] = [.rdi, .rsi, .rdx, .rcx, .r8, .r9, .r10, .rax]
      let sum = try runtime.define("sum") { f in
        f.entrySite()
        f.prologue()
        f.mov(.r11, .rax)
        f.xor(.eax, .eax)
        for (index, register) in registers.enumerated() {
          for _ in 0..<1 << index { f.add(.rax, register == .rax ? .r11 : register) }
        }
        f.functionReturn()
      }
      let jump = try runtime.define("jump") { f in
        f.entrySite()
        f.prologue()
        f.tailCall(slot: sum.symbol)
      }
      let start = try runtime.define("start", as: (() -> Int).self) { f in
        f.entrySite()
        f.prologue()
        for (index, register) in registers.enumerated() { f.mov(register, Int64(index + 1)) }
        f.call(jump)
        f.functionReturn()
      }
      let expected = registers.indices.reduce(0) { $0 + ($1 + 1) << $1 }
      try traced(way, in: runtime) { #expect(start() == expected) }
    }
  }

  @Test("what Swift's convention returns passes an exit, with context and error", arguments: ways)
  func swiftResults(way: Way) throws {
    try withRuntime(.atEmission) { runtime in
      let results: [Reg64] = [.rax, .rdx, .rcx, .r8, .r12, .r13, .r14]
      let f = FunctionBuilder(name: "results", layout: TraceRuntime.threadLayout, abi: .swift)
      f.entrySite()
      f.prologue()
      for (index, register) in results.enumerated() { f.mov(register, Int64(index + 1)) }
      f.functionReturn()
      let callee = try runtime.define(try f.finish())
      let start = try runtime.define("start", as: (() -> Int).self) { f in
        f.entrySite()
        f.prologue(saving: [.r12, .r13, .r14])
        f.call(callee)
        for (index, register) in results.enumerated().dropFirst() {
          for _ in 0..<1 << index { f.add(.rax, register) }
        }
        f.functionReturn()
      }
      let expected = results.indices.reduce(0) { $0 + ($1 + 1) << $1 }
      try traced(way, in: runtime) { #expect(start() == expected) }
    }
  }

  @Test(
    "a callback that asks for the registers sees them as they were at the exit, whatever compiled body runs before",
    arguments: ways)
  func callback(way: Way) throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.define("f", as: (() -> Int).self) { f in
        f.entrySite()
        f.prologue()
        for register in [Reg64.rsi, .rdi, .r9, .r10] { f.mov(register, Int64(register.number)) }
        f.mov(.rax, 1)
        f.functionReturn()
      }
      let wrong = Counter()
      let ops = TraceOps(name: "registers", registers: true, ends: .exit) { call in
        guard let seen = call.registers else { return }
        let values = [(seen.rsi, Reg64.rsi), (seen.rdi, .rdi), (seen.r9, .r9), (seen.r10, .r10)]
        if values.contains(where: { $0 != UInt64($1.number) }) { wrong.add() }
      }
      try runtime.register(ops)
      try traced(way, in: runtime) { #expect(f() == 1) }
      try runtime.unregister(ops)
      #expect(wrong.count == 0)
    }
  }
}
