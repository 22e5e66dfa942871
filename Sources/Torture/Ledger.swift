import CFtraceTorture
import Ftrace
import FtracePlatform

/// The books of a torture: which body has which cell, which tracer sees which body, and whether what both counted agrees.
///
/// All is settled at each boundary, a stop that changes which calls are traced: for each worker, body and tracer by itself, so that a
/// lost call is not made good by a doubled one.
final class Ledger {
  let books: Books
  private var settlement: Settlement
  private(set) var compiled: CompiledBooks
  private var selection = Settlement.Selection()
  private var filters: [TortureFilter?]
  private var bodies: [Body?] = []
  private var freeCells: [Int] = []
  private var settled: UInt64 = 0

  /// Calls of all bodies up to the last boundary.
  private(set) var calls: UInt64 = 0
  /// Where boundaries found workers.
  private(set) var findings = TortureFindings()
  private(set) var mismatches: [String] = []

  var traced: UInt64 { settlement.traced }
  var expected: UInt64 { settlement.expected }

  /// An installed body.
  private struct Body {
    var name: TortureName
    /// Number of the last stop before it went out of use, nil while it is in use.
    var retiredAt: UInt64?
    /// Whether every worker that may be in it has left it, once it is out of use.
    var isQuiet: (() -> Bool)?
    /// It was quiet before the boundary that comes next.
    var isDrained = false
  }

  init(workers: Int, functions: Int, runtime: TraceRuntime) throws(SystemError) {
    books = try Books(workers: workers, functions: functions, runtime: runtime)
    settlement = Settlement(workers: workers, tracers: Books.tracers)
    filters = Array(repeating: nil, count: Books.tracers)
    compiled = CompiledBooks(workers: workers, base: runtime.codeAddresses.lowerBound)
  }

  func note(_ mismatch: String) { mismatches.append(mismatch) }

  // MARK: - Bodies

  /// A cell for a new body; nil while too many bodies that went may still run.
  func newBody(_ name: TortureName) -> Int? {
    let cell: Int
    if let free = freeCells.popLast() {
      cell = free
      bodies[cell] = Body(name: name)
    } else {
      guard bodies.count < books.capacity else { return nil }
      cell = bodies.count
      bodies.append(Body(name: name))
      selection.masks.append(0)
      books.used = bodies.count
    }
    select(cell)
    return cell
  }

  /// The body has its code. Before the next boundary.
  func install(_ cell: Int, _ code: TortureCode) { compiled.install(cell, code) }

  /// The body is not to be, after all.
  func discard(_ cell: Int) {
    bodies[cell] = nil
    select(cell)
    freeCells.append(cell)
  }

  /// The body is out of use since some moment after stop number `stop`: its cell is used again when nobody can be in it.
  func retire(_ cell: Int, since stop: UInt64, isQuiet: @escaping () -> Bool) {
    bodies[cell]?.retiredAt = stop
    bodies[cell]?.isQuiet = isQuiet
  }

  // MARK: - Boundaries

  func register(_ tracer: Int, _ filter: TortureFilter) {
    selection.order.insert(tracer, at: 0)
    select(filter, tracer)
  }

  func unregister(_ tracer: Int) {
    settlement.unregistered(tracer)
    selection.order.removeAll { $0 == tracer }
    select(nil, tracer)
  }

  func select(_ filter: TortureFilter?, _ tracer: Int) {
    filters[tracer] = filter
    selectAnew()
  }

  func setEnabled(_ enabled: Bool) {
    selection.isOn = enabled
    selectAnew()
  }

  func rename(_ cell: Int, _ name: TortureName) {
    bodies[cell]?.name = name
    selectAnew()
  }

  func startCompiled(_ slot: Int, _ filter: TortureFilter) {
    compiled.start(slot, filter)
    selectAnew()
  }

  /// What it owes of each worker.
  func stopCompiled(_ slot: Int) -> [EventDues] {
    defer { selectAnew() }
    return compiled.stop(slot)
  }

  /// A worker has left a call of a body by longjmp, and has said so: it has an entry, and will have no exit.
  func landed(_ cell: Int, worker: Int) { compiled.landed(cell, worker) }

  func changeCompiled(_ slot: Int, _ filter: TortureFilter) {
    compiled.change(slot, filter)
    selectAnew()
  }

  private func mask(of name: TortureName) -> UInt8 {
    guard selection.isOn else { return 0 }
    return filters.indices.reduce(0) { filters[$1]?.selects(name) == true ? $0 | 1 << $1 : $0 }
  }

  private func selectAnew() {
    for cell in bodies.indices { select(cell) }
  }

  private func select(_ cell: Int) {
    let name = bodies[cell]?.name
    selection.masks[cell] = name.map(mask) ?? 0
    compiled.select(cell, name, isOn: selection.isOn)
  }

  /// Settles the interval that ended with the last boundary. The selection is that of the interval; change it afterwards.
  func settle() {
    let boundaries = books.boundaries
    guard boundaries != settled else { return }
    if boundaries != settled + 1 {
      note("\(boundaries - settled) stops changed what is traced, where one was expected")
    }
    settled = boundaries
    for worker in 0..<books.workers {
      let deltas = books.deltas(of: worker)
      calls = deltas[..<books.used].reduce(calls, &+)
      let observation = observation(of: worker)
      settleCompiled(worker, observation, deltas)
      findings.add(observation, isInterrupted: books.state(of: worker).interrupted != 0)
      for discrepancy in settlement.settle(worker, observation, deltas, selection) {
        note(description(of: discrepancy))
      }
    }
    books.turnPage()
    recycle()
  }

  private func settleCompiled(_ worker: Int, _ observation: Settlement.Observation, _ deltas: [UInt64]) {
    let exiting = books.state(of: worker).exiting
    let now = Passes.InFlight(entry: observation.place.body, exit: exiting == 0 ? nil : books.cell(at: exiting))
    let exits = books.exitsRow
    compiled.settle(worker, now: now) { before in
      Passes(
        width: books.used, entries: { deltas[$0] }, exits: { deltas[exits + $0] },
        untracedEntries: observation.untraced, before: before, now: now)
    }
  }

  /// What was drained before the boundary has no count left to settle.
  private func recycle() {
    for cell in bodies.indices {
      guard let body = bodies[cell], let isQuiet = body.isQuiet else { continue }
      if body.isDrained {
        discard(cell)
      } else {
        bodies[cell]?.isDrained = isQuiet()
      }
    }
  }

  private func observation(of worker: Int) -> Settlement.Observation {
    let state = books.state(of: worker)
    var observation = Settlement.Observation(place: place(state))
    if state.pass_count > 0 {
      if state.pass_count > TORTURE_PASSES { note("more passes of sites than the books hold") }
      // Safe: the array is a member, imported as a tuple of `TORTURE_PASSES` elements.
      let passes = unsafe withUnsafeBytes(of: state.passes) { unsafe Array($0.bindMemory(to: torture_pass.self)) }
      for pass in passes.prefix(Int(state.pass_count)) {
        let cell = books.cell(at: pass.cell)
        guard let retiredAt = bodies[cell]?.retiredAt else { continue }
        // A body that is in use and has a NOP where a call should be is not excused.
        if pass.stop > retiredAt { observation.untraced.append(cell) }
      }
    }
    return observation
  }

  private func place(_ state: torture_state) -> Settlement.Place {
    switch Int(state.place) {
    case Int(TORTURE_UNCOUNTED.rawValue):
      return .callback(tracer: Int(state.tracer), body: books.cell(at: state.cell), counted: false)
    case Int(TORTURE_COUNTED.rawValue):
      return .callback(tracer: Int(state.tracer), body: books.cell(at: state.cell), counted: true)
    case Int(TORTURE_BEFORE_COUNTER.rawValue):
      return .beforeCounter(body: books.cell(at: state.cell))
    default:
      return .elsewhere
    }
  }

  private func description(of discrepancy: Discrepancy) -> String {
    func name(_ cell: Int) -> String { bodies[cell]?.name.text ?? "a body that is gone" }
    let worker = "worker \(discrepancy.worker)"
    switch discrepancy.kind {
    case .count(let tracer, let body, let seen, let due):
      let (seen, due) = (Int64(bitPattern: seen), Int64(bitPattern: due))
      return "tracer \(tracer) saw \(seen) calls of \(name(body)) by \(worker), which made \(due) for it"
    case .lost(let body): return "\(worker) has left a call of \(name(body)) without counting it"
    case .misled(let body): return "\(worker) is in a callback for \(name(body)) that it should not have come to"
    }
  }
}
