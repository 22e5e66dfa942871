import FtraceEngine

/// How long the calls of functions took.
public struct Profile: TraceReport {
  /// A function, and the times of its calls.
  public struct Function: Sendable, Hashable {
    /// Its name at the time of the report.
    public var name: String
    /// Address of the entry site.
    public var ip: UInt
    /// Calls that have ended.
    public var calls: Int
    /// Sum over the calls. A function that calls itself has the time of the inner calls in the outer ones as well.
    public var total: Duration
    /// The same without the time of the calls that it made to functions that were profiled. Over all functions, it counts no time twice.
    public var own: Duration
    /// Of the calls that were timed: the shortest and the longest.
    public var least: Duration
    public var most: Duration
    /// How many calls took how long, in order; without those that no call fell into.
    public var histogram: [Bucket]
  }

  /// Calls whose durations lie in one range of a scale on which each is twice the last.
  public struct Bucket: Sendable, Hashable {
    /// The first duration of the range, and the first beyond it.
    public var from, below: Duration
    /// All of them, also those that were not timed.
    public var calls: Int
  }

  /// Calls that are not in the profile.
  public struct Missing: Sendable, Hashable {
    /// That ended, and began before the tracer.
    public var openAtStart: Int
    /// That had not ended.
    public var openAtEnd: Int
    /// That ended without an exit: longjmp(3), exceptions of the host.
    public var unwound: Int
    /// That were nested deeper than 65,536.
    public var tooDeep: Int
    /// Of signal handlers that interrupted the tracer itself.
    public var nested: Int
    /// For which there was no memory.
    public var memory: Int

    public init(
      openAtStart: Int = 0, openAtEnd: Int = 0, unwound: Int = 0, tooDeep: Int = 0, nested: Int = 0, memory: Int = 0
    ) {
      (self.openAtStart, self.openAtEnd, self.unwound) = (openAtStart, openAtEnd, unwound)
      (self.tooDeep, self.nested, self.memory) = (tooDeep, nested, memory)
    }
  }

  /// Those that were called, most time of their own first; by calls if there are no times.
  public let functions: [Function]
  public let missing: Missing
  /// Whether the clock measures anything.
  public let hasTimes: Bool

  init(functions: [Function], missing: Missing, hasTimes: Bool) {
    self.functions = functions.filter { $0.calls > 0 }.sorted {
      ($1.own, $1.calls, $0.name, $0.ip) < ($0.own, $0.calls, $1.name, $1.ip)
    }
    self.missing = missing
    self.hasTimes = hasTimes
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try sink(Array(ProfileText(self, limit: limit).text.utf8))
  }
}

extension Profile.Function {
  init(name: String, ip: UInt, _ record: ProfileRecord, _ scale: TickScale) {
    func duration(_ ticks: UInt64) -> Duration { .nanoseconds(Int64(clamping: scale.nanoseconds(ticks))) }
    self.init(
      name: name, ip: ip, calls: Int(record.calls), total: duration(record.total),
      // Where processors disagree about the time, calls may have been longer than their caller.
      own: duration(UInt64(max(0, Int64(bitPattern: record.own)))),
      least: duration(record.calls == 0 ? 0 : record.least), most: duration(record.most),
      histogram: record.buckets.enumerated().filter { $0.element > 0 }.map { bits, calls in
        Profile.Bucket(
          from: bits == 0 ? .zero : duration(1 << UInt64(bits)),
          below: bits == 63 ? duration(.max) : duration(2 << UInt64(bits)), calls: Int(calls))
      })
  }
}
