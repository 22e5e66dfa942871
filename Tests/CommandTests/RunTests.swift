import Foundation
import Testing

@Suite struct RunTests {
  @Test("the program's output is all that is on standard output; the file has each of 21891 calls")
  func fib() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("T")
    let run = try Command.run("run", "fib", "--tracer", "function", "--output", file.path, "--", "20")
    #expect((run.status, run.output, run.errors) == (0, "6765\n", ""))
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.filter { $0.contains("fib <-") }.count == 21_891)
    #expect(lines.filter { !$0.hasPrefix("#") }.count == 21_891)
    #expect(lines[0] == "# tracer: function")
    #expect(lines[2].hasPrefix("# entries-in-buffer/entries-written: 21891/21891   #P:"))
    #expect(lines.filter { $0.hasSuffix(": fib <-fib") }.count == 21_890, "all but the first come from fib")
  }

  @Test("without a file the trace goes to standard error; --limit tells how many more there were")
  func limit() throws {
    let run = try Command.run("run", "fib", "--tracer", "function", "--limit", "3", "--", "10")
    #expect((run.status, run.output) == (0, "55\n"))
    #expect(run.errorLines.filter { $0.contains("fib <-") }.count == 3)
    #expect(run.errorLines.last == "# 174 more")
    let none = try Command.run("run", "fib", "--tracer", "function", "--limit", "0", "--", "10")
    #expect(none.errorLines.last == "# 177 more")
  }

  @Test("without a tracer nothing is printed but the program's output; nop has a header")
  func nop() throws {
    let plain = try Command.run("run", "fib", "--", "10")
    #expect((plain.status, plain.output, plain.errors) == (0, "55\n", ""))
    let nop = try Command.run("run", "fib", "--tracer", "nop", "--", "10")
    #expect((nop.status, nop.output) == (0, "55\n"))
    #expect(nop.errors.hasPrefix("# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0 "))
    #expect(nop.errorLines.allSatisfy { $0.hasPrefix("#") })
  }

  @Test("filters select functions, and a glob that matches none is told")
  func filters() throws {
    let run = try Command.run("run", "matmul", "--tracer", "function", "--filter", "m*", "--notrace", "madd", "--", "5")
    #expect(run.status == 0)
    #expect(run.errorLines.filter { !$0.hasPrefix("#") }.allSatisfy { $0.contains(": matmul <-") })
    #expect(run.errorLines.filter { !$0.hasPrefix("#") }.count == 1)
    let two = try Command.run(
      "run", "matmul", "--tracer", "function", "--filter", "dot", "--filter", "matmul", "--", "5")
    #expect(two.errorLines.filter { !$0.hasPrefix("#") }.count == 26)
    let idle = try Command.run("run", "matmul", "--tracer", "function", "--filter", "mad", "--", "5")
    #expect(idle.status == 0)
    #expect(idle.errorLines.last == "ftrace: no function matches 'mad'; did you mean madd?")
  }

  @Test("every thread's calls are in the trace")
  func threads() throws {
    let run = try Command.run("run", "fib", "--tracer", "function", "--threads", "3", "--", "10")
    #expect((run.status, run.output) == (0, "55\n"))
    #expect(run.errorLines.filter { $0.contains(": fib <-") }.count == 3 * 177)
  }

  @Test("where the kernel does not tell the processor, the column says so")
  func noProcessor() throws {
    let run = try Command.run(
      "run", "fib", "--tracer", "function", "--", "3", shell: "export GLIBC_TUNABLES=glibc.pthread.rseq=0")
    #expect((run.status, run.output) == (0, "2\n"))
    #expect(run.errorLines.count { $0.contains(" [---]  ") && $0.contains(": fib <-") } == 5)
  }

  @Test("the deepest stack is that of the first call of the last fib")
  func stack() throws {
    let run = try Command.run("run", "fib", "--tracer", "stack", "--limit", "10", "--", "10")
    #expect((run.status, run.output) == (0, "55\n"))
    #expect(run.errorLines.first == "# tracer: stack")
    #expect(run.errorLines.count { $0.hasSuffix("      32   fib") } == 9)
    #expect(try run.errorLines.contains { try #/  0\) +\d+       8   fib/#.wholeMatch(in: $0) != nil })
  }

  @Test("what does not fit into the buffer is counted in the trace")
  func loss() throws {
    let run = try Command.run("run", "fib", "--tracer", "function", "--buffer-size", "64K", "--limit", "0", "--", "22")
    #expect(run.status == 0)
    #expect(
      run.errorLines.last?.hasSuffix("calls are missing that did not fit into the buffer: raise its size") == true)
  }

  @Test("a brainfuck program reads standard input")
  func input() throws {
    let folder = try TemporaryFolder()
    let program = try folder.write(",[.,]", to: "cat.b")
    let run = try Command.run("run", "brainfuck", "--", program, input: "some text\n")
    #expect((run.status, run.output, run.errors) == (0, "some text\n", ""))
  }

  @Test("workloads are listed, one a line")
  func workloads() throws {
    let run = try Command.run("workloads")
    #expect((run.status, run.errors) == (0, ""))
    #expect(run.lines.map { $0.prefix { $0 != " " } } == ["fib", "calls", "matmul", "brainfuck", "pool"])
  }

  @Test("the version is printed")
  func version() throws {
    let run = try Command.run("--version")
    #expect((run.status, run.output, run.errors) == (0, "0.1.0\n", ""))
  }
}
