import FtraceEngine
import FtracePlatform
import FtraceQuiescence
import FtraceTraceBuffer

/// Adds up how long the calls of each function take: calls, total, self, least and most, and how they are distributed. Nothing is recorded of
/// a single call, so memory depends on the number of functions alone.
///
/// `TracerOptions.clock` says what is measured with: with `ordinal` nothing but calls is known. `threads` says whose calls. Calls that began
/// before the tracer are not in it, nor are those that have not ended when it stops. Records are kept for places in the code: code that is
/// replaced while the tracer runs leaves its own to what comes to lie there.
public final class ProfileTracer: Tracer {
  public static let name = "profile"
  public static let help = "add up how long the calls of each function take, and record nothing"

  private struct Running {
    var runtime: TraceRuntime
    var ops: TraceOps
    var body: ProfileBody
    var start: Calibration.Sample
    var coarse: CoarseClock?
  }

  private let options: TracerOptions
  private let clock: TraceClockKind
  /// A word of nanoseconds that a test has in its hand.
  private let word: UInt?
  private let running = ShortLocked<Running?>(nil)

  public convenience init(options: TracerOptions = TracerOptions()) { self.init(options: options, word: nil) }

  /// For tests: the clock is a word of nanoseconds at that address.
  package init(options: TracerOptions, word: UInt?) {
    self.options = options
    self.word = word
    clock = options.clock == .tsc && TimestampCounter.refusal != nil ? .monotonic : options.clock
    AtFork.add(running.lock)
  }

  deinit {
    guard let running = running.withLock({ $0.take() }) else { return }
    running.runtime.remove(running.ops)
  }

  /// Begins to measure, from zero.
  /// - Throws: as `TraceRuntime.register`, and `.system` if the clock is `coarse` and the system has no thread for it; nothing is measured then.
  ///   `.alreadyRegistered` if it measures already.
  public func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    var coarse: CoarseClock?
    if clock == .coarse {
      do throws(SystemError) { coarse = try CoarseClock.start() } catch { throw .system(error) }
    }
    let addresses = runtime.codeAddresses
    let body = ProfileBody(
      code: addresses.lowerBound..<addresses.upperBound, clock: word.map { .word($0) } ?? BodyClock(clock),
      threads: options.threads)
    let ops = TraceOps(name: Self.name, filter: filter, body: body)
    let start = Calibration.sample(clock)
    try runtime.register(ops)
    let started = Running(runtime: runtime, ops: ops, body: body, start: start, coarse: coarse)
    running.withLock { $0 = started }
  }

  /// What was measured so far. Calls go on meanwhile, so the numbers of one function may be a call apart.
  /// - Throws: `.notRegistered` if it does not measure.
  public func profile() throws(FtraceError) -> Profile {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    return profile(current)
  }

  /// Ends measuring.
  /// - Throws: as `TraceRuntime.unregister`; measuring goes on then. `.notRegistered` if it does not measure.
  public func stop() throws(FtraceError) -> Profile {
    guard let current = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    try current.runtime.unregister(current.ops)
    running.withLock { $0 = nil }
    return profile(current)
  }

  private func profile(_ current: Running) -> Profile {
    let base = current.runtime.codeAddresses.lowerBound
    let names = Dictionary(
      current.runtime.sites.lazy.filter { $0.kind == .entry }.map {
        (UInt32(truncatingIfNeeded: $0.ip - base), $0.function)
      },
      uniquingKeysWith: { first, _ in first })
    let scale = TickScale(word == nil ? clock : .monotonic, from: current.start)
    let sums = current.body.sums
    return Profile(
      functions: current.body.records().map { place, record in
        Profile.Function(
          name: names[place] ?? "0x" + String(base + UInt(place), radix: 16), ip: base + UInt(place), record, scale)
      },
      missing: Profile.Missing(
        openAtStart: Int(sums.strays), openAtEnd: Int(sums.open), unwound: Int(sums.unwound),
        tooDeep: Int(sums.passed), nested: current.body.nested(), memory: current.body.lost),
      hasTimes: word != nil || clock != .ordinal)
  }
}

/// Ticks of a clock as nanoseconds, by two samples.
struct TickScale {
  private let calibration: Calibration
  private let start: Calibration.Sample

  init(_ clock: TraceClockKind, from start: Calibration.Sample) {
    self.start = start
    calibration = Calibration(clock: clock, samples: [start, Calibration.sample(clock)])
  }

  func nanoseconds(_ ticks: UInt64) -> UInt64 {
    guard let from = calibration.nanoseconds(at: start.counter),
      let to = calibration.nanoseconds(at: start.counter &+ ticks)
    else { return 0 }
    return to &- from
  }
}
