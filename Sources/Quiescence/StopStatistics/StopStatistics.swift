/// What the stops so far did and cost: of the process (``Quiescence/statistics``), or of one runtime.
///
/// A value of about 31 KiB without references: a copy is a consistent picture of one moment. Recording
/// comes after the workers have been released.
///
/// ```swift
/// let statistics = Quiescence.statistics
/// print(statistics.stops, "stops,", statistics.timeToStop.quantile(0.99) ?? 0, "ns until the workers stood, at p99")
/// ```
public struct StopStatistics: Equatable, Sendable {
  /// Stops that were done. Each of the histograms has as many values.
  public internal(set) var stops = 0
  /// Requests that were given up at their deadline: ``QuiesceError/timedOut(late:others:after:)``. They are in no histogram.
  public internal(set) var lateStops = 0
  /// Requests to which the kernel refused what a stop needs: ``QuiesceError/pagesRefused(errno:)``,
  /// ``QuiesceError/membarrierRefused(errno:)``, ``QuiesceError/codeLost(errno:)``. They are in no histogram.
  public internal(set) var refusedStops = 0

  /// Nanoseconds from arming the workers until the last of them had arrived.
  public internal(set) var timeToStop = LogHistogram()
  /// Nanoseconds from then until the workers were released.
  public internal(set) var timeStopped = LogHistogram()
  /// Instructions that a stop replaced.
  public internal(set) var sitesWritten = LogHistogram()
  /// Instructions that a stop was to replace: those written, those that were right already, and those that were not what was expected.
  public internal(set) var batchSize = LogHistogram()

  private var names = FrequentNames()

  /// Nothing has happened yet.
  public init() {}

  /// The names of the workers that were last to arrive, most often first; at most 16.
  ///
  /// Workers that have the same name share a row. A name that was last in more than a sixteenth of the stops that waited for a worker
  /// is always among them.
  public var lastWorkers: [LastWorker] {
    names.sorted.map { LastWorker(name: $0.name.text, stops: Int($0.count), overcount: Int($0.overcount)) }
  }

  /// A row of ``StopStatistics/lastWorkers``.
  public struct LastWorker: Equatable, Sendable {
    /// The name given to `withWorker(named:)`, or the thread's own: at most 15 bytes. Empty if the thread had
    /// ended when the stop was recorded.
    public var name: String
    /// Stops in which a worker of this name was the last to arrive: so many at most, and `overcount` fewer at least.
    public var stops: Int
    /// By how much `stops` can be too high; 0 as long as there were no more than 16 names.
    public var overcount: Int
  }

  /// Counts a stop that was done.
  mutating func record(
    timeToStop: UInt64, timeStopped: UInt64, sitesWritten: Int, batchSize: Int, lastWorker: WorkerName?
  ) {
    stops += 1
    self.timeToStop.record(timeToStop)
    self.timeStopped.record(timeStopped)
    self.sitesWritten.record(UInt64(sitesWritten))
    self.batchSize.record(UInt64(batchSize))
    if let lastWorker { names.add(lastWorker) }
  }

  /// Counts a stop by its report.
  package mutating func record(_ report: StopReport) {
    record(
      timeToStop: report.timeToStop.wholeNanoseconds, timeStopped: report.timeStopped.wholeNanoseconds,
      sitesWritten: report.sitesWritten, batchSize: report.batchSize,
      lastWorker: report.lastWorkerName.map { WorkerName($0) })
  }

  /// Counts a request that did not become a stop. Requests that were refused before they began are not counted.
  package mutating func record(_ error: QuiesceError) {
    switch error {
    case .timedOut: lateStops += 1
    case .pagesRefused, .membarrierRefused, .codeLost: refusedStops += 1
    case .insideCallback, .insideSignalHandler, .attachRefused, .tooManyRuntimes, .unknownSetting: break
    }
  }
}
