import Foundation
import Testing

@Suite struct GraphOptionTests {
  @Test("calls are chosen by depth and by what called them, in a run and in a recording")
  func chosen() throws {
    let run = try Command.run("run", "fib", "--tracer", "function_graph", "--max-depth", "3", "--", "10")
    #expect(run.output == "55\n")
    #expect(run.errorLines.count { $0.contains(" us ") } == 7)
    let none = try Command.run(
      "run", "fib", "--tracer", "function_graph", "--threshold", "1000s", "--graph", "fib", "--", "10")
    #expect(none.output == "55\n" && !none.errors.contains("fib"))
    let file = FileManager.default.temporaryDirectory.appending(path: "ftrace-\(UUID().uuidString).trace")
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try Command.run("record", "-o", file.path, "fib", "--graph", "fi*", "--max-depth", "2", "--", "10")
    #expect(try Command.run("report", file.path).lines.count { $0.contains(" us ") } == 3)
  }

  @Test("profile prints a row for each function")
  func profile() throws {
    let run = try Command.run("run", "fib", "--tracer", "profile", "--", "20")
    #expect(run.output == "6765\n")
    #expect(run.errorLines.first == "# tracer: profile")
    #expect(run.errorLines.contains { $0.hasSuffix("  fib") && $0.contains(" 21891 ") })
  }

  @Test(
    "options that make no sense are refused before anything runs",
    arguments: [
      (["--max-depth", "0"], "ftrace: --max-depth is a number from 1"),
      (
        ["--max-depth", "1"],
        "ftrace: --graph, --max-depth and --threshold choose among calls of --tracer function_graph"
      ),
      (["--threshold", "1us", "--clock", "ordinal"], "ftrace: --threshold needs times: leave --clock ordinal out"),
    ])
  func refused(options: [String], message: String) throws {
    let run = try Command.run(["run", "fib"] + options)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errorLines.first.map(String.init) == message)
  }
}
