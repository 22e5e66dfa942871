import Foundation
import Testing

/// `--trigger` and `--paused`, as users type them.
@Suite struct TriggerOptionTests {
  @Test("triggers switch recording, take stacks and snapshots")
  func actions() throws {
    let off = try Command.run(
      "run", "fib", "--tracer", "function", "--trigger", "fib:traceoff:1", "--trigger", "f?b:traceon", "--", "10")
    // Off and on again at the very same entry, the newest first: all are recorded.
    #expect(off.output == "55\n" && off.status == 0)
    #expect(off.errors.components(separatedBy: "fib <-").count - 1 >= 176)
    let stacks = try Command.run(
      "run", "fib", "--tracer", "function_graph", "--trigger", "fib:stacktrace:3", "--", "10")
    #expect(stacks.errors.components(separatedBy: "/* <stack trace>").count - 1 == 3)
    #expect(stacks.errors.components(separatedBy: "\n => fib").count - 1 == 1 + 2 + 3)
    let snapshot = try Command.run(
      "run", "fib", "--tracer", "function", "--trigger", "fib:snapshot:1", "--limit", "2", "--", "20")
    #expect(snapshot.errors.contains("# what was recorded up to the last snapshot:\n"))
    #expect(snapshot.errors.contains("# and since then:\n"))
  }

  @Test("a recording has them too, and report shows them")
  func recorded() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("ftrace-triggers-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let record = try Command.run(
      "record", "-o", path, "fib", "--paused", "--trigger", "fib:traceon:1", "--trigger", "fib:stacktrace:2", "--", "10"
    )
    #expect(record.status == 0 && record.errors.isEmpty)
    let report = try Command.run("report", path)
    #expect(report.output.components(separatedBy: "/* <stack trace>").count - 1 == 2)
    let json = try Command.run("report", path, "--json")
    #expect(json.output.contains("\"entries\": 177, \"exits\": 177, \"lost\": 0"))
  }

  @Test(
    "what makes no sense is refused, with the reason",
    arguments: [
      (["--tracer", "function", "--trigger", "fib"], "'fib' is invalid for '--trigger <glob:action[:count]>'"),
      (["--tracer", "function", "--trigger", "fib:fly"], "'fib:fly' is invalid"),
      (["--tracer", "function", "--trigger", "fib:traceon:0"], "'fib:traceon:0' is invalid"),
      (["--tracer", "function", "--trigger", ":traceon"], "':traceon' is invalid"),
      (["--tracer", "count", "--trigger", "fib:traceoff"], "--trigger is for the tracers function and function_graph"),
      (["--trigger", "fib:traceoff"], "nop records no events"),
      (["--tracer", "function", "--paused"], "--paused records nothing without a --trigger GLOB:traceon"),
    ])
  func refused(arguments: [String], reason: String) throws {
    let run = try Command.run(["run", "fib"] + arguments + ["--", "3"])
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errors.contains(reason), "\(run.errors)")
  }

  @Test("a recording has no snapshots, and functions that are not there are named")
  func others() throws {
    let record = try Command.run("record", "-o", "/dev/null", "fib", "--trigger", "fib:snapshot", "--", "3")
    #expect(record.status == 64 && record.errors.contains("a recording has no snapshots"))
    let run = try Command.run("run", "fib", "--tracer", "function", "--trigger", "fob:traceoff", "--", "3")
    #expect(run.status == 0 && run.errors.contains("no function matches 'fob'; did you mean fib?"))
  }
}
