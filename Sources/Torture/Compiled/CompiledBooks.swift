import Ftrace

/// The books of compiled tracers: from the passes of sites between boundaries, what each of them owes of each worker.
struct CompiledBooks {
  /// A tracer that is registered.
  private struct Running {
    var filter: TortureFilter
    var dues: [EventDues]
  }

  /// Names of the workers' threads, by their place in the books.
  let workerNames: [String]
  private var running: [Int: Running] = [:]
  /// By cell: a bit for each slot whose tracer sees the body.
  private var masks: [UInt8] = []
  private var codes: [TortureCode?] = []
  private var inFlight: [Passes.InFlight]
  private var open: [Int]
  private let base: UInt
  /// The entry sites of all bodies that ever were, as offsets in the arena.
  private(set) var entryPlaces: Set<UInt> = []

  init(workers: Int, base: UInt) {
    self.base = base
    // The last one is the controller's.
    workerNames = (0..<workers - 1).map(TortureWorker.name) + ["torture"]
    inFlight = Array(repeating: Passes.InFlight(), count: workers)
    open = Array(repeating: 0, count: workers)
  }

  // MARK: - Bodies

  /// The code of the body that has a cell from now on.
  mutating func install(_ cell: Int, _ code: TortureCode) {
    grow(cell)
    codes[cell] = code
    entryPlaces.insert(code.entry - base)
  }

  func exitSite(of cell: Int) -> UInt? { codes.indices.contains(cell) ? codes[cell]?.exit : nil }

  private mutating func grow(_ cell: Int) {
    while masks.count <= cell {
      masks.append(0)
      codes.append(nil)
    }
  }

  /// Which tracers see a body from now on: called when a name, a filter, or the switch has changed.
  mutating func select(_ cell: Int, _ name: TortureName?, isOn: Bool) {
    grow(cell)
    guard isOn, let name else { return masks[cell] = 0 }
    masks[cell] = running.reduce(0) { $1.value.filter.selects(name) ? $0 | 1 << UInt8($1.key) : $0 }
  }

  // MARK: - Tracers

  mutating func start(_ slot: Int, _ filter: TortureFilter) {
    var dues = Array(repeating: EventDues(), count: open.count)
    for worker in open.indices { dues[worker].openAtStart = open[worker] }
    running[slot] = Running(filter: filter, dues: dues)
  }

  /// The tracer is gone: what it owes of each worker.
  mutating func stop(_ slot: Int) -> [EventDues] {
    guard var dues = running.removeValue(forKey: slot)?.dues else { return [] }
    for worker in open.indices { dues[worker].openAtEnd = open[worker] }
    return dues
  }

  mutating func change(_ slot: Int, _ filter: TortureFilter) { running[slot]?.filter = filter }

  // MARK: - Boundaries

  /// Adds what a worker has passed in an interval to the dues of the tracers that saw it.
  /// - Parameters:
  ///   - worker: its place in the books.
  ///   - now: where the interval ends.
  ///   - passes: makes the passes, of where the interval began.
  mutating func settle(_ worker: Int, now: Passes.InFlight, _ passes: (Passes.InFlight) -> Passes) {
    let passed = passes(inFlight[worker])
    inFlight[worker] = now
    for body in passed.bodies {
      open[worker] += body.entries - body.exits
      let code = codes[body.cell]
      for slot in running.keys {
        let isSeen = masks[body.cell] & 1 << UInt8(slot) != 0
        running[slot]?.dues[worker].add(body, code, base, isSeen: isSeen)
      }
    }
  }
}

extension EventDues {
  fileprivate mutating func add(_ body: Passes.Body, _ code: TortureCode?, _ base: UInt, isSeen: Bool) {
    let entries = isSeen ? body.entries - body.untracedEntries : 0
    let exits = isSeen ? body.exits - body.untracedExits : 0
    untracedEntries += body.entries - entries
    untracedExits += body.exits - exits
    if entries != 0 { self.entries[(code?.entry ?? base) - base, default: 0] += entries }
    if exits != 0 { self.exits[(code?.exit ?? base) - base, default: 0] += exits }
  }
}
