import FtraceTorture
import Testing

/// The arithmetic of the books, with workers that are stopped at any instruction: a model of what the engine does to calls in flight.
@Suite struct SettlementTests {
  /// A worker of the model: at most one call is between its site and its counter.
  private struct Worker {
    enum State: Equatable {
      case outside
      /// At the site, not passed.
      case atSite(body: Int)
      /// On its way through the callbacks of `path`; `inside`: in the callback of the first, which has counted or not.
      case calling(body: Int, path: [Int], inside: Bool, counted: Bool)
      case beforeCounter(body: Int)
    }
    var state = State.outside
  }

  /// Counters, and the engine's side of calls in flight.
  private struct Model {
    let bodies = 5
    let tracers = 4
    var workers: [Worker]
    var counts: [[UInt64]]
    var selection = Settlement.Selection()
    /// What is selected while tracing is on.
    var masks: [UInt8] = Array(repeating: 0, count: 5)
    var generator: SeededGenerator

    init(workers: Int, seed: UInt64) {
      self.workers = Array(repeating: Worker(), count: workers)
      counts = Array(repeating: Array(repeating: 0, count: 5 * 5), count: workers)
      generator = SeededGenerator(seed: seed)
      selection.masks = Array(repeating: 0, count: bodies)
    }

    mutating func random(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }

    /// One instruction of one worker, as far as it matters.
    mutating func step() {
      let number = random(workers.count)
      switch workers[number].state {
      case .outside: workers[number].state = .atSite(body: random(bodies))
      case .atSite(let body):
        let path = selection.path(of: body)
        workers[number].state =
          path.isEmpty
          ? .beforeCounter(body: body) : .calling(body: body, path: path, inside: true, counted: false)
      case .calling(let body, let path, let inside, let counted):
        if inside, !counted {
          counts[number][(path[0] + 1) * bodies + body] += 1
          workers[number].state = .calling(body: body, path: path, inside: true, counted: true)
        } else {
          // While tracing is off, the other tracers' thunks pass the call over.
          let rest = selection.isOn ? Array(path.dropFirst()) : []
          workers[number].state =
            rest.isEmpty
            ? .beforeCounter(body: body) : .calling(body: body, path: rest, inside: true, counted: false)
        }
      case .beforeCounter(let body):
        counts[number][body] += 1
        workers[number].state = .outside
      }
    }

    func place(of worker: Int) -> Settlement.Place {
      switch workers[worker].state {
      case .outside, .atSite: .elsewhere
      case .calling(let body, let path, _, let counted): .callback(tracer: path[0], body: body, counted: counted)
      case .beforeCounter(let body): .beforeCounter(body: body)
      }
    }

    /// Whether a tracer can be unregistered now: it is in no callback.
    func isActive(_ tracer: Int) -> Bool {
      workers.contains { if case .calling(_, let path, _, _) = $0.state { path[0] == tracer } else { false } }
    }

    /// The thunk of a tracer passes over what still comes to it.
    mutating func disarm(_ tracer: Int) {
      for number in workers.indices {
        guard case .calling(let body, let path, let inside, let counted) = workers[number].state else { continue }
        workers[number].state = .calling(
          body: body, path: [path[0]] + path.dropFirst().filter { $0 != tracer }, inside: inside, counted: counted)
      }
    }
  }

  /// Runs a model with random changes at random moments. `fault` may falsify a worker's counts before the settlement of a round.
  private func run(
    seed: UInt64, rounds: Int, fault: (Int, inout [[UInt64]]) -> Void = { _, _ in }
  ) -> (found: [Discrepancy], settlement: Settlement) {
    var model = Model(workers: 3, seed: seed)
    var settlement = Settlement(workers: 3, tracers: 4)
    var before = model.counts
    var found: [Discrepancy] = []
    for round in 0..<rounds {
      for _ in 0..<model.random(40) { model.step() }
      fault(round, &model.counts)
      for worker in 0..<3 {
        let deltas = zip(model.counts[worker], before[worker]).map { $0 &- $1 }
        found += settlement.settle(
          worker, Settlement.Observation(place: model.place(of: worker)), deltas, model.selection)
      }
      before = model.counts
      // A change, in the same stop.
      defer { model.selection.masks = model.selection.isOn ? model.masks : Array(repeating: 0, count: 5) }
      if model.random(5) == 0 {
        model.selection.isOn.toggle()
        continue
      }
      let tracer = model.random(4)
      if model.selection.order.contains(tracer), model.random(2) == 0 {
        // Whoever is in its callback stays there: the tracer is away, but that call is still counted.
        model.disarm(tracer)
        settlement.unregistered(tracer)
        model.selection.order.removeAll { $0 == tracer }
        for body in 0..<5 { model.masks[body] &= ~(1 << tracer) }
        while model.isActive(tracer) { model.step() }
      } else {
        if !model.selection.order.contains(tracer) { model.selection.order.insert(tracer, at: 0) }
        for body in 0..<5 {
          model.masks[body] &= ~(1 << tracer)
          if model.random(2) == 0 { model.masks[body] |= 1 << tracer }
        }
      }
    }
    return (found, settlement)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func callsInFlightBelongToTheTracersTheyEnteredWith(seed: UInt64) {
    let (found, settlement) = run(seed: seed, rounds: 300)
    #expect(found == [])
    #expect(settlement.traced == settlement.expected)
    #expect(settlement.traced > 100)
  }

  /// Cells of the model's rows: 5 bodies, then 5 for each tracer.
  @Test(
    "a lost and a doubled call do not cancel: of one body, of one worker, of one tracer",
    arguments: [
      [(worker: 0, cell: 5 + 1, by: -1)],
      [(worker: 0, cell: 5 + 1, by: -1), (worker: 0, cell: 5 + 2, by: 1)],
      [(worker: 0, cell: 5 + 1, by: -1), (worker: 1, cell: 5 + 1, by: 1)],
      [(worker: 0, cell: 5 + 1, by: -1), (worker: 0, cell: 10 + 1, by: 1)],
      [(worker: 2, cell: 3, by: 1)],
    ])
  func faults(changes: [(worker: Int, cell: Int, by: Int64)]) {
    let (found, _) = run(seed: 7, rounds: 60) { round, counts in
      guard round == 40 else { return }
      for change in changes { counts[change.worker][change.cell] &+= UInt64(bitPattern: change.by) }
    }
    #expect(!found.isEmpty)
  }

  @Test func aWorkerThatDidNotMoveIsTheSameCall() {
    var settlement = Settlement(workers: 1, tracers: 1)
    var selection = Settlement.Selection()
    selection.masks = [1]
    selection.order = [0]
    // It counted the call of body 0 for tracer 0, and stands before the body's counter: in three stops.
    let place = Settlement.Observation(place: .beforeCounter(body: 0))
    #expect(settlement.settle(0, place, [0, 1], selection) == [])
    selection.masks = [0]  // switched off meanwhile
    #expect(settlement.settle(0, place, [0, 0], selection) == [])
    selection.masks = [1]
    #expect(settlement.settle(0, place, [0, 0], selection) == [])
    // The body counts, and then another call comes and goes.
    #expect(settlement.settle(0, Settlement.Observation(place: .elsewhere), [2, 1], selection) == [])
    #expect((settlement.traced, settlement.expected) == (2, 2))
  }

  @Test func aCallThatPassedASiteOutOfUseIsNotExpected() {
    var settlement = Settlement(workers: 1, tracers: 1)
    var selection = Settlement.Selection()
    selection.masks = [1, 1]
    selection.order = [0]
    #expect(
      settlement.settle(
        0, Settlement.Observation(place: .elsewhere, untraced: [1]), [4, 1, 4, 0], selection) == [])
    // The same while it is in flight.
    #expect(
      settlement.settle(
        0, Settlement.Observation(place: .beforeCounter(body: 1), untraced: [1]), [0, 0, 0, 0], selection) == [])
    #expect(settlement.settle(0, Settlement.Observation(place: .elsewhere), [0, 1, 0, 0], selection) == [])
    // Without that knowledge it is a lost call.
    #expect(
      settlement.settle(0, Settlement.Observation(place: .elsewhere), [0, 1, 0, 0], selection)
        == [Discrepancy(worker: 0, kind: .count(tracer: 0, body: 1, seen: 0, due: 1))])
  }

  @Test func aCallThatVanishesIsNoticed() {
    var settlement = Settlement(workers: 1, tracers: 1)
    var selection = Settlement.Selection()
    selection.masks = [0]
    #expect(
      settlement.settle(0, Settlement.Observation(place: .beforeCounter(body: 0)), [0, 0], selection) == [])
    #expect(
      settlement.settle(0, Settlement.Observation(place: .elsewhere), [0, 0], selection)
        == [Discrepancy(worker: 0, kind: .lost(body: 0))])
    // A callback that the filter leaves out.
    #expect(
      settlement.settle(
        0, Settlement.Observation(place: .callback(tracer: 0, body: 0, counted: false)), [0, 0], selection)
        == [Discrepancy(worker: 0, kind: .misled(body: 0))])
  }
}
