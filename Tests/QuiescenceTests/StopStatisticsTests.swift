import FtraceQuiescence
import FtraceTestSupport
import Testing

/// What is kept of each stop. Other tests of the process stop as well, so that these have it to themselves, or only compare.
@Suite struct StopStatisticsTests {
  /// That of a real stop.
  private static let sample = Result { try aloneInProcess { try stopWorkers() } }

  /// A report with these figures.
  private func report(_ number: Int, last: String? = nil) throws -> StopReport {
    var report = try Self.sample.get()
    (report.timeToStop, report.timeStopped) = (.nanoseconds(number), .nanoseconds(2 * number))
    (report.sitesWritten, report.batchSize) = (3 * number, 4 * number)
    report.lastWorkerName = last
    return report
  }

  @Test("each measure of a report goes to its own histogram")
  func measures() throws {
    var statistics = StopStatistics()
    for number in 1...3 { statistics.record(try report(number)) }
    #expect((statistics.stops, statistics.lateStops, statistics.refusedStops) == (3, 0, 0))
    #expect(statistics.timeToStop.max == 3 && statistics.timeStopped.max == 6)
    #expect(statistics.sitesWritten.max == 9 && statistics.batchSize.max == 12)
    #expect(statistics.lastWorkers.isEmpty, "nobody was waited for")
  }

  // Without optimisation a subscript of the standard library is a coroutine, whose frame is allocated.
  @Test("recording allocates nothing", .enabled(if: !_isDebugAssertConfiguration()))
  func allocationFree() throws {
    var histogram = LogHistogram()
    // The first use of a type makes the runtime allocate its metadata.
    histogram.record(0)
    let count = allocations {
      for value in 0..<100 as Range<UInt64> { histogram.record(value << (value % 60)) }
    }
    #expect(count == nil || count == 0)
    var statistics = StopStatistics()
    let reports = try (1...40).map { try report($0, last: "worker-\($0)") }
    statistics.record(reports[0])
    let ofReports = allocations { for index in reports.indices { statistics.record(reports[index]) } }
    #expect(ofReports == nil || ofReports == 0)
  }

  @Test("requests that did not become stops are counted by cause, and are in no histogram")
  func failures() {
    var statistics = StopStatistics()
    statistics.record(.timedOut(late: [], others: 0, after: .seconds(1)))
    statistics.record(.pagesRefused(errno: 12))
    statistics.record(.insideCallback)
    #expect((statistics.stops, statistics.lateStops, statistics.refusedStops) == (0, 1, 1))
    #expect(statistics.timeToStop.isEmpty)
  }

  @Test("last workers are sorted by how often; names are cut after 15 bytes")
  func names() throws {
    var statistics = StopStatistics()
    for name in ["b", "a", "c", "a", "a", "c", "a name of more than fifteen bytes"] {
      statistics.record(try report(1, last: name))
    }
    #expect(statistics.lastWorkers.map(\.name) == ["a", "c", "b", "a name of more "])
    #expect(statistics.lastWorkers.map(\.stops) == [3, 2, 1, 1])
    #expect(statistics.lastWorkers.allSatisfy { $0.overcount == 0 })
  }

  @Test("the table is bounded: counts are never too low, too high by at most overcount, and frequent names stay")
  func manyNames() throws {
    var random = SeededGenerator(seed: 11)
    var statistics = StopStatistics()
    var exact: [String: Int] = [:]
    var report = try report(1)
    for _ in 0..<4000 {
      let rare = random.next() % 3 > 0
      let name = rare ? "rare-\(random.next() % 200)" : "often-\(random.next() % 3)"
      exact[name, default: 0] += 1
      report.lastWorkerName = name
      statistics.record(report)
    }
    let rows = statistics.lastWorkers
    #expect(rows.count == 16)
    for row in rows {
      let count = exact[row.name] ?? 0
      #expect(row.stops >= count && row.stops - row.overcount <= count)
    }
    for (name, count) in exact where count > 4000 / 16 { #expect(rows.contains { $0.name == name }) }
    #expect(rows.reduce(0) { $0 + $1.stops } == 4000)
  }

  @Test("every stop of the process is counted, with the worker that it waited for; a new beginning forgets them")
  func process() throws {
    try aloneInProcess {
      Quiescence.resetStatistics()
      let (inside, release) = (Flag(), Flag())
      try beside {
        try? withWorker(named: "statistician") { worker in
          worker.inside {
            inside.set()
            while !release.isSet { worker.poll() }
          }
        }
      } meanwhile: {
        inside.wait()
        defer { release.set() }
        for _ in 0..<10 { try stopWorkers() }
      }
      let statistics = Quiescence.resetStatistics()
      #expect(statistics.stops >= 10)
      #expect(statistics.timeToStop.count == UInt64(statistics.stops))
      #expect(statistics.timeStopped.count == UInt64(statistics.stops))
      #expect(statistics.sitesWritten.count == statistics.batchSize.count)
      // Workers of other tests may be among them, and ended since.
      #expect(statistics.lastWorkers.allSatisfy { $0.stops > 0 && $0.stops <= statistics.stops })
      #expect(statistics.timeToStop.min ?? 0 > 0)
    }
  }

  @Test("a stop that is given up is late, and in no histogram")
  func late() {
    aloneInProcess {
      let (inside, release) = (Flag(), Flag())
      let before = Quiescence.statistics
      beside {
        try? withWorker(named: "late") { worker in
          worker.inside {
            inside.set()
            while !release.isSet { worker.parked { _ = release.isSet } }
          }
        }
      } meanwhile: {
        inside.wait()
        defer { release.set() }
        // It parks all the time, so that a deadline of a nanosecond alone can be missed or met: both are counted somewhere.
        for _ in 0..<20 { _ = try? stopWorkers(deadline: .nanoseconds(1)) }
      }
      let after = Quiescence.statistics
      #expect(after.stops - before.stops + after.lateStops - before.lateStops >= 20)
      #expect(after.timeToStop.count == UInt64(after.stops))
    }
  }

  @Test("statistics can be read by a worker that is inside")
  func readInside() throws {
    try aloneInProcess {
      try onThread {
        try withWorker { worker in
          worker.inside { #expect(Quiescence.statistics.lateStops >= 0) }
        }
      }
    }
  }
}
