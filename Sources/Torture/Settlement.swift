/// The arithmetic of the books: what each tracer must have counted between two stops, for each worker and body, to the last call.
///
/// `Documentation/Torture.md` has the states and invariants. It knows nothing of memory or threads, so that tests drive it with
/// workers that are stopped at any instruction.
package struct Settlement {
  /// Where a stop found a worker.
  package enum Place: Hashable {
    /// Nothing is in flight: no call of the worker is between its site and its body's counter.
    case elsewhere
    /// In the callback of `tracer` for a call of `body`.
    case callback(tracer: Int, body: Int, counted: Bool)
    /// Behind the site of `body`, whose counter has not counted: no callback is to come any more.
    case beforeCounter(body: Int)

    var body: Int? {
      switch self {
      case .elsewhere: nil
      case .callback(_, let body, _), .beforeCounter(let body): body
      }
    }
  }

  /// What is known of one worker at the end of an interval.
  package struct Observation {
    package var place: Place
    /// Bodies that the worker passed although they were out of use, by a site that was no call any more: one entry a pass.
    package var untraced: [Int]

    package init(place: Place, untraced: [Int] = []) {
      self.place = place
      self.untraced = untraced
    }
  }

  /// Which tracers see the calls of which body.
  package struct Selection {
    /// For each body a bit for each tracer.
    package var masks: [UInt8] = []
    /// The registered tracers in the order in which a call reaches them: the newest first.
    package var order: [Int] = []
    /// Whether tracing was on: while it is off, calls in flight pass over the tracers that they have not come to.
    package var isOn = true

    package init() {}

    package func path(of body: Int) -> [Int] { order.filter { masks[body] & (1 << $0) != 0 } }
  }

  /// A call that has passed its site and not reached its body's counter.
  struct Call {
    var body: Int
    /// Tracers that will still count it, in order.
    var remaining: [Int]
    /// The tracer whose callback it is or was in last.
    var last: Int?

    /// Those of the tracers that it passed that counted it: all, or while tracing was off the one whose callback it was in already.
    private func counting(_ passed: ArraySlice<Int>, isOn: Bool) -> [Int] {
      isOn ? Array(passed) : passed.prefix(1).filter { $0 == last }
    }

    /// The tracers that counted it on the way to the body's counter, which has counted.
    func finish(isOn: Bool) -> [Int] { counting(remaining[...], isOn: isOn) }

    /// Moves on to where a stop found the call. Returns the tracers that counted on the way, nil if the call cannot be there.
    mutating func advance(to place: Place, isOn: Bool) -> [Int]? {
      switch place {
      case .elsewhere: return nil
      case .beforeCounter:
        defer { remaining = [] }
        return finish(isOn: isOn)
      case .callback(let tracer, _, let counted):
        guard let index = remaining.firstIndex(of: tracer) else {
          // It has counted before, and is still there.
          return counted && last == tracer ? [] : nil
        }
        let end = counted ? index + 1 : index
        defer {
          remaining.removeFirst(end)
          last = tracer
        }
        return counting(remaining[..<end], isOn: isOn)
      }
    }
  }

  package let tracers: Int
  private var inFlight: [Call?]
  /// Calls that tracers counted, and that they had to.
  package private(set) var traced: UInt64 = 0
  package private(set) var expected: UInt64 = 0

  package init(workers: Int, tracers: Int) {
    self.tracers = tracers
    inFlight = Array(repeating: nil, count: workers)
  }

  /// Settles one worker's interval, which ends in a stop.
  /// - Parameters:
  ///   - worker: its number.
  ///   - observation: where the stop found it.
  ///   - deltas: what was counted in the interval: a row of all bodies' counters, and one for each tracer; what follows is not looked at.
  ///   - selection: what the tracers saw in the interval.
  /// - Returns: what does not add up. O(bodies × tracers).
  package mutating func settle(
    _ worker: Int, _ observation: Observation, _ deltas: [UInt64], _ selection: Selection
  ) -> [Discrepancy] {
    let width = selection.masks.count
    precondition(deltas.count >= width * (1 + tracers), "a row for the bodies and for each tracer")
    var found: [Discrepancy] = []
    // Calls whose site was passed in this interval, and what was counted of the calls that are in flight at either end.
    var calls = Array(deltas[..<width])
    var ends: [Int] = []
    func meet(_ tracers: [Int], _ body: Int) { ends += tracers.map { ($0 + 1) * width + body } }
    let untraced = observation.untraced

    let old = inFlight[worker]
    inFlight[worker] = nil
    if var call = old, deltas[call.body] == 0 {
      // A worker does nothing before its call has been counted: it is where it was, or further on in its callbacks.
      if observation.place.body == call.body, let seen = call.advance(to: observation.place, isOn: selection.isOn) {
        meet(seen, call.body)
        inFlight[worker] = call
      } else {
        found.append(Discrepancy(worker: worker, kind: .lost(body: call.body)))
      }
    } else {
      if let old {
        meet(old.finish(isOn: selection.isOn), old.body)
        calls[old.body] &-= 1
      }
      for body in untraced where body != observation.place.body { calls[body] &-= 1 }
      if let body = observation.place.body {
        var call = Call(body: body, remaining: untraced.contains(body) ? [] : selection.path(of: body), last: nil)
        if let seen = call.advance(to: observation.place, isOn: selection.isOn) {
          meet(seen, body)
          inFlight[worker] = call
        } else {
          found.append(Discrepancy(worker: worker, kind: .misled(body: body)))
        }
      }
    }

    for tracer in 0..<tracers {
      let row = (tracer + 1) * width
      for body in 0..<width {
        let seen = deltas[row + body]
        var due = selection.masks[body] & (1 << tracer) != 0 ? calls[body] : 0
        if !ends.isEmpty { due &+= UInt64(ends.count { $0 == row + body }) }
        traced &+= seen
        expected &+= due
        if seen != due {
          found.append(Discrepancy(worker: worker, kind: .count(tracer: tracer, body: body, seen: seen, due: due)))
        }
      }
    }
    return found
  }

  /// The tracer was unregistered in the stop that was settled last: calls in flight do not reach it any more, unless they are in its
  /// callback already.
  package mutating func unregistered(_ tracer: Int) {
    for worker in inFlight.indices {
      guard let call = inFlight[worker], call.last != tracer else { continue }
      inFlight[worker]?.remaining.removeAll { $0 == tracer }
    }
  }
}

/// Something that does not add up.
package struct Discrepancy: Hashable {
  package enum Kind: Hashable {
    /// A tracer counted another number of calls of a body by a worker than there were for it.
    case count(tracer: Int, body: Int, seen: UInt64, due: UInt64)
    /// A call that was in flight is gone, and its body has not counted it.
    case lost(body: Int)
    /// A call is in a callback that it should not have come to.
    case misled(body: Int)
  }

  package var worker: Int
  package var kind: Kind

  package init(worker: Int, kind: Kind) {
    self.worker = worker
    self.kind = kind
  }
}
