import FtraceTestSupport
import FtraceTorture
import Testing

/// A short torture within the tests: the long one is `ftrace torture`.
@Suite struct TortureTests {
  /// Options that differ from the usual ones in one respect.
  private static let variants: [(name: String, change: @Sendable (inout TortureOptions) -> Void)] = [
    ("on first call", { $0.recording = .onFirstCall }),
    ("at emission", { $0.recording = .atEmission }),
    ("pages that toggle", { $0.mapping = .toggling }),
    ("pages mapped twice", { $0.mapping = .dual }),
    ("a daemon of its own", { $0.daemon = true }),
    ("threads come and go", { $0.churn = true }),
    ("stopped where they poll", { $0.grace = nil }),
    ("stopped at any instruction", { $0.grace = .zero }),
  ]

  private func options(milliseconds: Int = 400) -> TortureOptions {
    var options = TortureOptions()
    options.duration = .milliseconds(milliseconds)
    options.threads = 3
    options.functions = 40
    options.seed = 42
    return options
  }

  @Test("the books agree", arguments: variants.indices)
  func theBooksAgree(_ variant: Int) throws {
    try aloneInProcess {
      var options = options()
      Self.variants[variant].change(&options)
      let report = try Torture(options).run()
      #expect(report.mismatches == [], "\(Self.variants[variant].name)")
      #expect(report.traced == report.expected)
      #expect(report.calls > 0)
      #expect(report.stops > 0)
      #expect(report.threads >= 3)
    }
  }

  @Test("compiled tracers come and go, lose events, and account for all of them")
  func compiledTracers() throws {
    try aloneInProcess {
      var options = options()
      (options.seed, options.churn, options.steps) = (3, true, 400)
      let report = try Torture(options).run()
      #expect(report.mismatches == [])
      #expect(report.tracers > 2)
      #expect(report.events > 0)
      #expect(report.lost > 0)
      #expect(report.landings > 0)
      options.tracers = false
      options.steps = 100
      #expect(try Torture(options).run().tracers == 0)
    }
  }

  @Test("a worker that cannot be registered ends, and the others go on")
  func failingWorkers() throws {
    try aloneInProcess {
      var options = options()
      options.failingWorkers = 2
      let report = try Torture(options).run()
      #expect(report.mismatches == [])
      #expect(report.calls > 0)
    }
  }

  @Test("books without entries are a mismatch")
  func nothingTraced() throws {
    try aloneInProcess {
      var options = options(milliseconds: 100)
      options.failingWorkers = options.threads
      // The controller's own calls need a tracer; before it has registered one, nothing is in the books.
      options.duration = .zero
      let report = try Torture(options).run()
      #expect(report.mismatches == ["nothing was traced: give it more seconds, or fewer threads"])
    }
  }

  @Test func theSummaryNamesEachFigure() {
    var report = TortureReport()
    report.calls = 12
    (report.tracers, report.events, report.lost) = (2, 3, 4)
    #expect(report.tracerSummary == "events=3 lost=4 tracers=2")
    report.mismatches = ["a"]
    #expect(
      report.summary
        == "calls=12 traced=0 expected=0 stops=0 registers=0 retargets=0 frees=0 redefines=0 timeouts=0 threads=0 forks=0 "
        + "mismatches=1")
  }
}
