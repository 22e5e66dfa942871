import Foundation
import Testing

@Suite struct TortureCommandTests {
  @Test(
    "the last line has the figures, whatever is tortured",
    arguments: [
      [], ["--mapping", "dual"], ["--mapping", "toggling"], ["--daemon"], ["--churn"], ["--grace", "0"],
      ["--grace", "never"], ["--no-tracers"],
      ["--recording", "at-emission", "--daemon", "--churn", "--grace", "50"],
    ])
  func summary(options: [String]) throws {
    let run = try Command.run(["torture", "--seconds", "0.3", "--threads", "3", "--functions", "40"] + options)
    #expect(run.status == 0, "\(run.output)")
    let names =
      #/calls=\d+ traced=(\d+) expected=(\d+) stops=\d+ registers=\d+ retargets=\d+ frees=\d+ redefines=\d+ timeouts=\d+ threads=\d+ forks=\d+ mismatches=0/#
    let line = try #require(run.lines.last)
    let figures = try #require(try names.wholeMatch(in: line), "\(line)")
    #expect(figures.1 == figures.2)
    let before = try #require(run.lines.dropLast().last)
    #expect(before.wholeMatch(of: #/events=\d+ lost=\d+ tracers=\d+/#) != nil, "\(before)")
  }

  @Test("children of forks by the controller and by workers find what they should")
  func forks() throws {
    let run = try Command.run([
      "torture", "--seconds", "2", "--threads", "3", "--functions", "40", "--fork", "--churn", "--daemon", "--grace",
      "0",
    ])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let line = try #require(run.lines.last)
    let forks = try #require(line.firstMatch(of: #/forks=(\d+)/#)).1
    // A slow machine makes fewer.
    #expect(Int(forks) ?? 0 > 0, "\(line)")
  }
}
