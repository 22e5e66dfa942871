import FtraceTestSupport
import FtraceTorture
import Testing

/// A short torture within the tests: the long one is `ftrace torture`.
@Suite struct TortureTests {
  @Test(arguments: TortureOptions.RecordingModeOption.allCases)
  func theBooksAgree(_ recording: TortureOptions.RecordingModeOption) throws {
    try aloneInProcess {
      var options = TortureOptions()
      options.duration = .milliseconds(700)
      options.threads = 3
      options.functions = 40
      options.seed = 42
      options.recording = recording
      let report = try Torture(options).run()
      #expect(report.mismatches == [])
      #expect(report.traced == report.expected)
      #expect(report.calls > 0)
      #expect(report.stops > 0)
    }
  }

  @Test func theSummaryNamesEachFigure() {
    var report = TortureReport()
    report.calls = 12
    report.mismatches = ["a"]
    #expect(
      report.summary
        == "calls=12 traced=0 expected=0 stops=0 registers=0 retargets=0 frees=0 redefines=0 timeouts=0 threads=0 forks=0 "
        + "mismatches=1")
  }
}
