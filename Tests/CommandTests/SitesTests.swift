import Testing

@Suite struct SitesTests {
  @Test("each site has a line with its state, bytes and disassembly")
  func fib() throws {
    let run = try Command.run("sites", "fib")
    #expect((run.status, run.errors) == (0, ""))
    #expect(run.lines.count == 3)
    #expect(try #/ADDRESS +SITE +STATE +BYTES +INSTRUCTION +FUNCTION/#.wholeMatch(in: run.lines[0]) != nil)
    let nop = #/[0-9a-f]+ +entry +nop +0f 1f 44 00 00 +nop dword ptr \[rax \+ rax\] +fib/#
    #expect(try nop.wholeMatch(in: run.lines[1]) != nil)
    let exit = #/[0-9a-f]+ +exit +nop +0f 1f 44 00 00 +nop dword ptr \[rax \+ rax\] +fib/#
    #expect(try run.lines.dropFirst(2).allSatisfy { try exit.wholeMatch(in: $0) != nil })
  }

  @Test("a function that is never called shows the call of mcount, unless sites are known at emission")
  func unrecorded() throws {
    let recorded = try Command.run("sites", "calls", "--", "100", "1", "10")
    #expect(recorded.lines.count == 201)
    let unrecorded = #/[0-9a-f]+ +entry +unrecorded +e8( [0-9a-f]{2}){4} +call mcount +f\d+/#
    let nop = #/[0-9a-f]+ +entry +nop +0f 1f 44 00 00 +nop dword ptr \[rax \+ rax\] +f\d+/#
    let counts = try (
      recorded.lines.count { try unrecorded.wholeMatch(in: $0) != nil },
      recorded.lines.count { try nop.wholeMatch(in: $0) != nil }
    )
    #expect(counts.0 > 0 && counts.1 >= 10 && counts.0 + counts.1 == 100)
    let emitted = try Command.run("sites", "calls", "--recording", "at-emission", "--", "100", "1", "10")
    #expect(try emitted.lines.count { try nop.wholeMatch(in: $0) != nil } == 100)
  }

  @Test("with a compiled tracer a site calls its trampoline, with a filter only those of functions that it wants")
  func traced() throws {
    let all = try Command.run("sites", "matmul", "--tracer", "function", "--", "3")
    #expect(
      all.lines.filter { $0.contains(" entry ") }.allSatisfy {
        $0.contains("  tracing  e8 ") && $0.contains("call ftrace_trampoline")
      })
    let some = try Command.run("sites", "matmul", "--tracer", "function", "--filter", "dot", "--", "3")
    #expect(some.lines.count { $0.contains("call ftrace_trampoline") && $0.hasSuffix("  dot") } == 1)
    #expect(some.lines.count { $0.contains(" entry ") && $0.contains("  nop ") } == 2)
  }

  @Test(
    "an audit finds nothing in an engine that is left alone",
    arguments: ["fib", "calls", "matmul", "brainfuck", "pool"])
  func sound(workload: String) throws {
    let run = try Command.run("audit", workload)
    #expect((run.status, run.errors) == (0, ""))
    #expect(try #/\d+ places checked, 0 damaged\n/#.wholeMatch(in: run.output) != nil)
  }

  @Test(
    "an audit finds nothing beside a tracer, and each site that was overwritten",
    arguments: ["nop", "function", "function_graph", "profile", "count", "stack"])
  func audited(tracer: String) throws {
    let sound = try Command.run("audit", "calls", "--tracer", tracer, "--", "100")
    #expect((sound.status, sound.errors) == (0, ""), "\(sound.output)")
    let corrupt = try Command.run("audit", "calls", "--tracer", tracer, "--corrupt", "5", "--", "100")
    #expect(corrupt.status == 1)
    #expect(corrupt.lines.count == 6 && corrupt.lines.last?.hasSuffix(" 5 damaged") == true, "\(corrupt.output)")
  }

  @Test("an audit finds each site that was overwritten, and ends with 1", arguments: [1, 7, 100])
  func corrupt(count: Int) throws {
    let run = try Command.run("audit", "calls", "--corrupt", "\(count)", "--", "100")
    #expect((run.status, run.errors) == (1, ""))
    let line = #/f\d+ at 0x[0-9a-f]+: expected 0f 1f 44 00 00, found cc cc cc cc cc/#
    let damaged = try run.lines.filter { try line.wholeMatch(in: $0) != nil }
    #expect(Set(damaged).count == count)
    #expect(run.lines.last == "202 places checked, \(count) damaged")
  }

  @Test("the demonstration holds what it claims, and fits into 100 columns")
  func life() throws {
    let run = try Command.run("life", "--functions", "300")
    #expect((run.status, run.errors) == (0, ""))
    #expect(run.lines.allSatisfy { $0.count <= 100 })
    for step in [
      "call mcount", "nop dword ptr", "call ftrace_caller", "call ftrace_multi_call", "call ftrace_trampoline",
    ] {
      #expect(run.output.contains(step), "\(step)")
    }
    #expect(run.output.contains("544 places audited, 0 damaged"))
  }
}
