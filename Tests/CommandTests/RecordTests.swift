import Foundation
import Testing

@Suite struct RecordTests {
  private func file() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "ftrace-\(UUID().uuidString).trace")
  }

  @Test(
    "what is recorded in a file is reported from it, and nothing else is on standard output",
    arguments: ["tsc", "coarse", "ordinal", "monotonic"])
  func fib(clock: String) throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    let record = try Command.run("record", "-o", file.path, "fib", "--clock", clock, "--", "20")
    #expect((record.status, record.output, record.errors) == (0, "6765\n", ""))
    let json = try Command.run("report", file.path, "--json")
    #expect(json.status == 0 && json.errors.isEmpty)
    #expect(json.output.contains("\"entries\": 21891, \"exits\": 21891, \"lost\": 0,"))
    #expect(json.output.contains("\"open\": 0, \"open_at_start\": 0, \"workers\": 1, \"clock\": \"\(clock)\""))
    let text = try Command.run("report", file.path)
    #expect(text.lines.count { $0.contains("fib()") } == 21_891)
    #expect(try Command.run("report", file.path, "--limit", "2").lines.last == "# 32834 more")
  }

  @Test("a graph of fib(10) has 177 durations and 88 pairs of braces, from a run and from a file")
  func graph() throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    let run = try Command.run("run", "fib", "--tracer", "function_graph", "--", "10")
    #expect(run.output == "55\n")
    _ = try Command.run("record", "-o", file.path, "fib", "--", "10")
    let report = try Command.run("report", file.path)
    for lines in [run.errorLines, report.lines] {
      #expect(lines.count { $0.contains(" us ") } == 177)
      #expect(lines.count { $0.hasSuffix("{") } == 88 && lines.count { $0.hasSuffix("}") } == 88)
    }
  }

  @Test(
    "record and report work for the tracer function as for a graph",
    arguments: ["tsc", "coarse", "ordinal", "monotonic"])
  func function(clock: String) throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    let record = try Command.run(
      "record", "-o", file.path, "fib", "--tracer", "function", "--clock", clock, "--", "20")
    #expect((record.status, record.output, record.errors) == (0, "6765\n", ""))
    let json = try Command.run("report", file.path, "--json")
    #expect(
      json.output == """
        {"entries": 21891, "exits": 0, "lost": 0, "lost_entries": 0, "lost_exits": 0, "unwound": 0, "open": 0, \
        "open_at_start": 0, "workers": 1, "clock": "\(clock)", "whole": true}

        """)
    let text = try Command.run("report", file.path)
    #expect((text.status, text.errors) == (0, ""))
    #expect(text.lines.first == "# tracer: function")
    #expect(text.lines.count { $0.hasSuffix(": fib <-fib") } == 21_890)
    #expect(text.lines.count { $0.hasSuffix(": fib <-ftrace_adaptor") } == 1)
    #expect(try Command.run("report", file.path, "--limit", "5").lines.last == "# 21886 more")
  }

  @Test("arguments and results are recorded with --args, and reported with their types")
  func values() throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try Command.run("record", "-o", file.path, "--args", "fib", "--", "20")
    var report = try Command.run("report", file.path)
    let calls = report.lines.filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|").last.map { $0.dropFirst(2) }
    }
    #expect(calls.first == "fib(20) {" && calls.last == "} = 6765")
    #expect(calls.count { $0.hasSuffix("fib(1) = 1;") } == 6765 && calls.count { $0.hasSuffix("fib(0) = 0;") } == 4181)
    #expect(calls.count { $0.hasSuffix("{") } == 10_945 && calls.count { $0.contains("} = ") } == 10_945)
    #expect(try Command.run("report", file.path, "--json").output.contains("\"entries\": 21891, \"exits\": 21891,"))

    _ = try Command.run("record", "-o", file.path, "--tracer", "function", "--args", "fib", "--", "3")
    report = try Command.run("report", file.path)
    #expect(
      report.lines.filter { !$0.hasPrefix("#") }.compactMap { $0.split(separator: ": ").last } == [
        "fib(3) <-ftrace_adaptor", "fib(2) <-fib", "fib(1) <-fib", "fib(0) <-fib", "fib(1) <-fib",
      ])
  }

  @Test("a buffer that overwrites keeps the newest events, and the numbers add up")
  func overwrite() throws {
    let run = try Command.run(
      "run", "fib", "--tracer", "function_graph", "--mode", "overwrite", "--buffer-size", "64K", "--", "20")
    #expect(run.status == 0)
    #expect(run.errorLines.contains { $0.contains("} /* fib */") }, "the end of the first call is there")
    let match = try #require(
      try #/# (\d+) entries and (\d+) exits are missing: newer ones took their place: raise the buffer's size/#
        .firstMatch(
          in: run.errors))
    let exits = run.errorLines.count { $0.hasSuffix(";") || $0.hasSuffix("}") || $0.contains("} /*") }
    #expect(try #require(Int(match.2)) + exits == 21_891)
  }

  @Test("a file that is cut off is reported up to there, one that is none is refused, one that is missing is not found")
  func damage() throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try Command.run("record", "-o", file.path, "fib", "--", "20")
    let whole = try Data(contentsOf: file)
    try whole.prefix(whole.count - 200_000).write(to: file)
    let cut = try Command.run("report", file.path)
    #expect(cut.status == 65 && cut.errors.contains("is cut off at byte \(whole.count - 200_000)"))
    #expect(cut.lines.count > 1000)
    try Data("no trace at all".utf8).write(to: file)
    let foreign = try Command.run("report", file.path)
    #expect(foreign.status == 65 && foreign.errors.contains("is not a trace"))
    #expect(try Command.run("report", "/nonexistent/file").status == 66)
    #expect(try Command.run("record", "-o", "/nonexistent/file", "fib").status == 69)
  }

  @Test("what does not fit is told at once, and by the report, exactly")
  func losses() throws {
    let file = file()
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try Command.run("record", "-o", file.path, "--buffer-size", "1", "fib", "--", "25")
    let json = try Command.run("report", file.path, "--json").output
    func number(_ name: String) throws -> Int {
      let match = try #require(try Regex("\"\(name)\": ([0-9]+)").firstMatch(in: json))
      return try #require(Int(match.output[1].substring ?? ""))
    }
    #expect(try number("entries") + number("lost_entries") == 242_785)
    #expect(try number("exits") + number("lost_exits") == 242_785)
  }

  @Test("a process that is killed leaves a file with names: a stream, and a ring", arguments: [[], ["--ring"]])
  func killed(options: [String]) throws {
    let file = URL(fileURLWithPath: "/dev/shm/ftrace-\(UUID().uuidString).trace")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = Command.executable
    // It would take for ever.
    process.arguments = ["record", "-o", file.path, "--buffer-size", "1"] + options + ["fib", "--", "90"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    // Until there is more in it than the tables.
    var status = stat()
    while unsafe stat(file.path, &status) != 0 || status.st_blocks * 512 < 1 << 19, process.isRunning { sched_yield() }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    let report = try Command.run("report", file.path, "--limit", "1000")
    #expect(report.lines.contains { $0.hasSuffix("fib();") })
    #expect(!report.output.contains("0x"))
    // The last block of a stream may have been cut.
    #expect(report.status == 0 || options.isEmpty && report.status == 65)
    #expect(report.errors.contains("was killed") == (options.isEmpty && report.status == 0))
    let json = try Command.run("report", file.path, "--json")
    #expect(json.status == report.status)
  }

  @Test("a ring has the last events of a run that ended, and says how many it has not")
  func ring() throws {
    let file = URL(fileURLWithPath: "/dev/shm/ftrace-\(UUID().uuidString).trace")
    defer { try? FileManager.default.removeItem(at: file) }
    let record = try Command.run("record", "--ring", "-o", file.path, "--buffer-size", "1", "fib", "--", "25")
    #expect((record.status, record.output, record.errors) == (0, "75025\n", ""))
    let json = try Command.run("report", file.path, "--json").output
    func number(_ name: String) throws -> Int {
      let match = try #require(try Regex("\"\(name)\": ([0-9]+)").firstMatch(in: json))
      return try #require(Int(match.output[1].substring ?? ""))
    }
    #expect(try number("entries") + number("lost_entries") == 242_785)
    #expect(try number("exits") + number("lost_exits") == 242_785)
    #expect(try (number("unwound"), number("open"), number("open_at_start")) == (0, 0, 0))
    #expect(try number("entries") > 10_000)
  }

  @Test("a device that is full is refused, and is there afterwards")
  func full() throws {
    let record = try Command.run("record", "-o", "/dev/full", "fib")
    #expect(record.status == 69 && record.errors.contains("ENOSPC"))
    var status = stat()
    #expect(unsafe stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    let ring = try Command.run("record", "--ring", "-o", "/dev/full", "fib")
    #expect(ring.status == 69)
    #expect(unsafe stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }
}
