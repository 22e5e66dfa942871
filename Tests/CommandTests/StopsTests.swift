import Foundation
import Testing

@Suite struct StopsTests {
  @Test("a table: every measure with its unit and quantiles, the counts, who was last")
  func table() throws {
    let run = try Command.run("stops", "fib", "--threads", "2", "--stops", "40", "--period", "10", "--", "15")
    #expect((run.status, run.errors) == (0, ""))
    #expect(run.lines.count == 7)
    #expect(try #/MEASURE +UNIT +P50 +P90 +P99 +MAX/#.wholeMatch(in: run.lines[0]) != nil)
    for (line, name) in zip(run.lines[1...2], ["time to stop", "time stopped"]) {
      #expect(line.hasPrefix(name))
      #expect(try #/[a-z ]+ us( +\d+\.\d){4}/#.wholeMatch(in: line) != nil)
    }
    for line in run.lines[3...4] { #expect(try #/(written|batch) +sites( +\d+){4}/#.wholeMatch(in: line) != nil) }
    let counts = try #require(try #/(\d+) stops, 0 late, 0 refused/#.wholeMatch(in: run.lines[5]))
    // Those that reclaim what was freed are among them.
    #expect(Int(counts.1) ?? 0 >= 40)
    #expect(run.lines[6].hasPrefix("last to arrive: "))
  }

  @Test("JSON with the same figures in nanoseconds; quantiles do not fall")
  func json() throws {
    let run = try Command.run("stops", "pool", "--json", "--stops", "30", "--period", "0", "--", "2")
    #expect((run.status, run.errors) == (0, ""))
    #expect(run.lines.count == 1)
    let parsed = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let object = try #require(parsed as? [String: Any])
    #expect(object["workload"] as? String == "pool")
    #expect(object["stops"] as? Int ?? 0 >= 30)
    #expect(object["late"] as? Int == 0 && object["refused"] as? Int == 0)
    #expect(object["relative_error"] as? Double == 0.0625)
    for name in ["time_to_stop_ns", "time_stopped_ns", "sites_written", "batch_size"] {
      let measure = try #require(object[name] as? [String: Int])
      let values = ["p50", "p90", "p99", "max"].compactMap { measure[$0] }
      #expect(values.count == 4 && values == values.sorted())
    }
    let workers = try #require(object["last_workers"] as? [[String: Any]])
    #expect(workers.count <= 16 && workers.allSatisfy { $0["name"] is String && $0["stops"] is Int })
  }

  @Test(
    "wrong arguments end with 64",
    arguments: [
      (["stops", "fibb"], "ftrace: no workload named 'fibb': did you mean fib?"),
      (["stops", "fib", "--stops", "0"], "ftrace: --stops is a number from 1 to 10000000"),
      (["stops", "fib", "--period=-1"], "ftrace: --period is a number from 0 to 1000000"),
      (["stops", "fib", "--", "x"], "ftrace: N is a number from 0 to 92, not 'x'"),
    ])
  func wrongArguments(arguments: [String], message: String) throws {
    let run = try Command.run(arguments)
    #expect((run.status, run.output) == (64, ""))
    #expect(run.errorLines.first.map(String.init) == message)
  }

  @Test("a full standard output ends with 69")
  func fullOutput() throws {
    let run = try Command.run("stops", "fib", "--stops", "1", redirect: ">/dev/full")
    #expect(run.status == 69)
    #expect(run.errors.hasPrefix("ftrace: standard output: write failed with ENOSPC"))
  }
}
