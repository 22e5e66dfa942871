import Foundation
import Testing

@Suite struct ExitCodeTests {
  @Test(
    "unknown names end with 64 and the nearest that exist",
    arguments: [
      (["run", "fibb"], "ftrace: no workload named 'fibb': did you mean fib?"),
      (["run", "zzzzzzzz"], "ftrace: no workload named 'zzzzzzzz': there are fib, calls, matmul, brainfuck, pool"),
      (["run", "fib", "--tracer", "functoin"], "ftrace: no tracer named 'functoin': did you mean function?"),
      (
        ["run", "fib", "--tracer", "callback"],
        "ftrace: no tracer named 'callback': there are nop, function, function_graph, profile, count, stack"
      ),
      (["help", "rnu"], "ftrace: no command named 'rnu': did you mean run?"),
      (["rnu"], "ftrace: no command named 'rnu': did you mean run?"),
      (["sites", "poool"], "ftrace: no workload named 'poool': did you mean pool?"),
      (["audit", "matnul"], "ftrace: no workload named 'matnul': did you mean matmul?"),
    ])
  func unknownNames(arguments: [String], message: String) throws {
    try expect(arguments, 64, message)
  }

  @Test("a setting in the environment that means nothing ends with 64; those that mean something are silent")
  func environment() throws {
    for (value, status) in [("bogus", 64), ("off", 0), ("on", 0), ("", 0)] as [(String, Int32)] {
      let run = try Command.run("run", "fib", shell: "export FTRACE_MEMBARRIER=\(value)")
      #expect(run.status == status)
      #expect(
        run.errors.contains("the environment has FTRACE_MEMBARRIER=bogus: set it to on or off, or not at all.")
          == (status == 64), "\(run.errors)")
    }
  }

  @Test(
    "wrong arguments end with 64 and say what is right",
    arguments: [
      (["run", "fib", "--", "x"], "ftrace: N is a number from 0 to 92, not 'x'"),
      (["run", "fib", "--", "1", "2"], "ftrace: '2' is one argument too many: the workload takes [N=20]"),
      (["run", "fib", "20"], "ftrace: Unexpected argument '20' (the arguments of a workload follow after --)"),
      (["run", "fib", "--threads", "0"], "ftrace: --threads is a number from 1 to 1024"),
      (["run", "fib", "--limit=-1"], "ftrace: --limit is a number from 0"),
      (["run", "fib", "-o", "-"], "ftrace: standard output is the workload's own: give the trace a file"),
      (
        ["run", "fib", "--buffer-size", "0"], "ftrace: --buffer-size is 8K to 1T in steps of 4K: the nearest is 8K"
      ),
      (
        ["run", "fib", "--buffer-size", "13k"],
        "ftrace: --buffer-size is 8K to 1T in steps of 4K: the nearest is 12K"
      ),
      (
        ["run", "fib", "--buffer-size", "99999999999999999999"],
        "ftrace: --buffer-size is 8K to 1T in steps of 4K: the nearest is 1T"
      ),
      (
        ["run", "fib", "--buffer-size", "1X"],
        "ftrace: The value '1X' is invalid for '--buffer-size <size>'"
      ),
      (
        ["run", "fib", "--mode", "ring"],
        "ftrace: The value 'ring' is invalid for '--mode <mode>'. Please provide one of 'overwrite' and 'discard'."
      ),
      (
        ["run", "fib", "--tracer", "count", "--args"],
        "ftrace: --args is for the tracers function and function_graph: count records no values"
      ),
      (
        ["run", "fib", "--tracer", "function_graph", "--args", "--threshold", "1us"],
        "ftrace: --threshold writes a call when it has ended, and its arguments are gone: leave --args out"
      ),
      (
        ["record", "-o", "/dev/null", "fib", "--tracer", "count"],
        "ftrace: record writes the events of function or function_graph, not of 'count'"
      ),
      (["run", "brainfuck", "--threads", "2"], "ftrace: brainfuck runs on one thread: leave --threads out"),
      (["audit", "fib", "--corrupt", "3"], "ftrace: --corrupt 3 is more than the 2 sites there are"),
      (["audit", "fib", "--corrupt=-1"], "ftrace: --corrupt is a number from 0"),
      (["life", "--functions", "0"], "ftrace: --functions is a number from 1 to 1000000"),
      (["torture", "--seconds", "0"], "ftrace: --seconds, --threads and --functions are greater than zero"),
      (["torture", "--seconds", "1e300"], "ftrace: --seconds is at most 1000000"),
      (["torture", "--seconds", "inf"], "ftrace: --seconds is at most 1000000"),
      (["torture", "--grace", "soon"], "ftrace: --grace is a number of microseconds, or never"),
      (["torture", "--grace", "-1"], "ftrace: --grace is a number of microseconds, or never"),
      (["torture", "--seconds", "-1"], "ftrace: --seconds, --threads and --functions are greater than zero"),
      (["torture", "--functions", "100000000"], "ftrace: --functions is at most 100000"),
      (["torture", "extra"], "ftrace: Unexpected argument 'extra'"),
      (["run", "fib", "--filter", ""], "ftrace: an empty glob matches no function: '*' matches all"),
      (["run", "fib", "-o", ""], "ftrace: --output needs the name of a file"),
      (["record", "fib", "-o", ""], "ftrace: --output needs the name of a file"),
      (["record", "fib", "-o", "-"], "ftrace: standard output is the workload's own: give the trace a file"),
      (["run"], "ftrace: Missing expected argument '<workload>'"),
    ])
  func wrongArguments(arguments: [String], message: String) throws {
    try expect(arguments, 64, message)
  }

  #if FTRACE_DELAYS
    @Test("a build with the trait Delays takes what needs it, and says which saboteur was meant")
    func delays() throws {
      #expect(
        try Command.run("torture", "--seconds", "0.1", "--threads", "1", "--functions", "5", "--delays").status == 0)
      try expect(
        ["torture", "--sabotage", "skip-wiat"], 64,
        "ftrace: no saboteur named 'skip-wiat': did you mean skip-wait, skip-scan, skip-site?")
    }
  #else
    @Test(
      "what needs the trait Delays ends with 64 without it, and names the command that builds with it",
      arguments: [["--delays"], ["--sabotage", "skip-wait"], ["--sabotage", "drop-event"]])
    func delays(options: [String]) throws {
      try expect(
        ["torture", "--seconds", "1"] + options, 64,
        "ftrace: --delays and --sabotage need a build with the trait Delays: "
          + "swift build -c release --traits Delays --product ftrace")
    }
  #endif

  private func expect(_ arguments: [String], _ status: Int32, _ message: String) throws {
    let run = try Command.run(arguments)
    #expect(run.status == status)
    #expect(run.output.isEmpty)
    #expect(run.errorLines.first.map(String.init) == message)
  }

  @Test("malformed input ends with 65 and the offset, a missing file with 66")
  func input() throws {
    let folder = try TemporaryFolder()
    let program = try folder.write("+[\n", to: "open.b")
    var run = try Command.run("run", "brainfuck", "--", program)
    #expect((run.status, run.output) == (65, ""))
    #expect(run.errors == "ftrace: \(program): '[' without its ']' at offset 1\n")
    run = try Command.run("run", "brainfuck", "--", "/no/such/file")
    #expect((run.status, run.output, run.errors) == (66, "", "ftrace: /no/such/file: No such file or directory\n"))
    // It is there, and refused.
    for arguments in [["run", "brainfuck", "--", "/"], ["report", "/"]] {
      run = try Command.run(arguments)
      #expect((run.status, run.output) == (69, ""), "\(arguments)")
    }
  }

  @Test("a trace that cannot be written ends with 69, before the program runs if that can be known")
  func unwritable() throws {
    var run = try Command.run("run", "fib", "--tracer", "function", "-o", "/no/such/folder/T")
    #expect((run.status, run.output) == (69, ""))
    #expect(run.errors == "ftrace: /no/such/folder/T: open failed with ENOENT: check that the path exists\n")
    run = try Command.run("run", "fib", "--tracer", "function", "-o", "/dev/full")
    #expect((run.status, run.output) == (69, "6765\n"))
    #expect(run.errors.hasPrefix("ftrace: /dev/full: write failed with ENOSPC"))
  }

  @Test("a full standard output ends with 69")
  func fullOutput() throws {
    let torture = ["torture", "--seconds", "0.1", "--threads", "1", "--functions", "5"]
    for arguments in [
      ["run", "fib"], ["workloads"], ["sites", "fib"], ["audit", "fib"], torture, ["--version"], ["run", "--help"],
    ] {
      let run = try Command.run(arguments, redirect: ">/dev/full")
      #expect(run.status == 69, "\(arguments)")
      #expect(run.errors.contains("ftrace: standard output: write failed with ENOSPC"))
    }
  }

  @Test("what a check found counts for more than where it could not be written")
  func foundAndFull() throws {
    let run = try Command.run(["audit", "fib", "--corrupt", "1"], redirect: ">/dev/full")
    #expect(run.status == 1)
  }

  @Test("a standard output that is closed ends with 69, and code memory never gets its number")
  func closedOutput() throws {
    for arguments in [["run", "fib"], ["sites", "fib"], ["life", "--functions", "10"]] {
      let run = try Command.run(arguments, redirect: ">&-")
      #expect(run.status == 69, "\(arguments)")
      #expect(run.errors.contains("ftrace: standard output: write failed with EBADF"), "\(run.errors)")
    }
  }

  @Test("without a descriptor to spare the main thread is attached all the same", arguments: 4...6)
  func noDescriptors(limit: Int) throws {
    let run = try Command.run("run", "fib", "--", "5", shell: "ulimit -n \(limit)")
    #expect((run.status, run.output) == (0, "5\n"), "\(run.errors)")
  }

  @Test("a file keeps what it has when the arguments are wrong, and is replaced when they are right")
  func outputFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(String(repeating: "old\n", count: 10_000), to: "T")
    var run = try Command.run("run", "fib", "--tracer", "function", "-o", path, "--", "x")
    #expect(run.status == 64)
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("old\n"))
    run = try Command.run("run", "fib", "--tracer", "function", "-o", path, "--", "2")
    #expect(run.status == 0)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasPrefix("# tracer: function\n") && !text.contains("old"))
    #expect(text.split(separator: "\n").count == 9)
  }

  @Test("a runtime that the system refuses ends with 69")
  func refused() throws {
    let run = try Command.run("run", "fib", shell: "ulimit -v 1000000")
    #expect((run.status, run.output) == (69, ""))
    #expect(run.errors.hasPrefix("ftrace: "))
  }
}
