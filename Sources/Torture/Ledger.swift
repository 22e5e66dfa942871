import CFtraceShims
import Ftrace
import FtracePlatform

/// The books: what the bodies of functions counted, against what the tracers counted.
///
/// Each installed body has a cell of its own, incremented by the instruction after its site. Each tracer has a cell for each worker.
/// Both are copied while the world is stopped, so that the difference of two copies is exact: no worker is between its site and its
/// cell then.
@safe final class Ledger {
  static let bodyLimit = 1 << 21
  static let tracerLimit = 8

  let bodies: TortureMemory
  let tracers: TortureMemory
  /// Names of the bodies, by cell.
  private(set) var names: [String] = []
  /// Copies, made in the last stop.
  private let bodiesCopy: TortureMemory
  private let tracersCopy: TortureMemory
  private let copies: UnsafeMutablePointer<ftrace_copy_list>
  private let parts: UnsafeMutablePointer<ftrace_copy>
  private var open: [Int: Interval] = [:]

  private(set) var traced: UInt64 = 0
  private(set) var expected: UInt64 = 0
  private(set) var mismatches: [String] = []

  /// A time in which a tracer saw the functions that one filter selects.
  private struct Interval {
    var filter: TraceFilter
    var bodies: [UInt64]
    var traced: UInt64
  }

  init(workers: Int) throws(SystemError) {
    bodies = try TortureMemory(words: Self.bodyLimit)
    bodiesCopy = try TortureMemory(words: Self.bodyLimit)
    tracers = try TortureMemory(words: (workers + 1) * Self.tracerLimit)
    tracersCopy = try TortureMemory(words: (workers + 1) * Self.tracerLimit)
    unsafe parts = .allocate(capacity: 2)
    unsafe parts[0] = ftrace_copy(from: bodies.start, to: bodiesCopy.start, words: 0)
    unsafe parts[1] = ftrace_copy(from: tracers.start, to: tracersCopy.start, words: tracers.count)
    unsafe copies = .allocate(capacity: 1)
    unsafe copies.initialize(to: ftrace_copy_list(parts: parts, count: 2))
  }

  deinit {
    unsafe copies.deallocate()
    unsafe parts.deallocate()
  }

  /// Has the engine copy the books in each stop. The ledger must outlive that.
  func observe(_ runtime: TraceRuntime) {
    unsafe runtime.observeStops(ftrace_copy_observe, UnsafeMutableRawPointer(copies))
  }

  /// A cell for a new body.
  func newBody(_ name: String) -> Int? {
    guard names.count < Self.bodyLimit else { return nil }
    names.append(name)
    unsafe parts[0].words = names.count
    return names.count - 1
  }

  /// The tracer sees what `filter` selects from the last stop on.
  func begin(_ tracer: Int, _ filter: TraceFilter) {
    open[tracer] = Interval(filter: filter, bodies: bodyCounts(), traced: tracedCount(tracer))
  }

  /// The tracer sees nothing from the last stop on: the books of the interval are closed.
  func end(_ tracer: Int) {
    guard let interval = open.removeValue(forKey: tracer) else { return }
    let counts = bodyCounts()
    var calls: UInt64 = 0
    var selected: [String: Bool] = [:]
    for index in counts.indices {
      // A body that was installed later starts from nothing.
      let before = index < interval.bodies.count ? interval.bodies[index] : 0
      guard counts[index] != before else { continue }
      let name = names[index]
      let matches = selected[name] ?? interval.filter.matches(name)
      selected[name] = matches
      if matches { calls += counts[index] - before }
    }
    let seen = tracedCount(tracer) - interval.traced
    expected += calls
    traced += seen
    if calls != seen { note("tracer \(tracer) saw \(seen) calls of \(calls)") }
  }

  func note(_ mismatch: String) { mismatches.append(mismatch) }

  /// Calls of all bodies up to the last stop.
  var calls: UInt64 { bodyCounts().reduce(0, +) }

  private func bodyCounts() -> [UInt64] {
    // Safe: the copy is written in stops alone, which the caller of this makes itself.
    unsafe Array(UnsafeBufferPointer(start: bodiesCopy.start, count: names.count))
  }

  private func tracedCount(_ tracer: Int) -> UInt64 {
    stride(from: tracer, to: tracersCopy.count, by: Self.tracerLimit).reduce(0) { unsafe $0 + tracersCopy.start[$1] }
  }
}
