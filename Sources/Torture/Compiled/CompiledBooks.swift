import Ftrace

/// The books of compiled tracers: from the passes of sites between boundaries, what each of them owes of each worker.
struct CompiledBooks {
  /// A tracer that is registered.
  fileprivate struct Running {
    let slot: Int
    var filter: TortureFilter
    var dues: [EventDues]
    /// What is due of the present bodies, by worker and cell: added to the dues when a cell gets another body, and at the end.
    var ends: [[Ends]]
  }

  fileprivate struct Ends {
    var entries = 0
    var exits = 0
  }

  /// Names of the workers' threads, by their place in the books.
  let workerNames: [String]
  private var running: [Running] = []
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
    for index in running.indices { running[index].flush(cell, codes[cell], base) }
    codes[cell] = code
    entryPlaces.insert(code.entry - base)
  }

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
    masks[cell] = running.reduce(0) { $1.filter.selects(name) ? $0 | 1 << UInt8($1.slot) : $0 }
  }

  // MARK: - Tracers

  mutating func start(_ slot: Int, _ filter: TortureFilter) {
    var dues = Array(repeating: EventDues(), count: open.count)
    for worker in open.indices { dues[worker].openAtStart = open[worker] }
    running.append(
      Running(slot: slot, filter: filter, dues: dues, ends: Array(repeating: [], count: open.count)))
  }

  /// The tracer is gone: what it owes of each worker.
  mutating func stop(_ slot: Int) -> [EventDues] {
    guard let index = running.firstIndex(where: { $0.slot == slot }) else { return [] }
    var tracer = running.remove(at: index)
    for cell in codes.indices { tracer.flush(cell, codes[cell], base) }
    for worker in open.indices { tracer.dues[worker].openAtEnd = open[worker] }
    return tracer.dues
  }

  /// A worker has left a call of a body by longjmp, and has said so.
  mutating func landed(_ cell: Int, _ worker: Int) {
    grow(cell)
    open[worker] -= 1
    for index in running.indices {
      running[index].dues[worker].untracedExits += 1
      if masks[cell] & 1 << UInt8(running[index].slot) != 0 { running[index].dues[worker].landed += 1 }
    }
  }

  mutating func change(_ slot: Int, _ filter: TortureFilter) {
    for index in running.indices where running[index].slot == slot { running[index].filter = filter }
  }

  // MARK: - Boundaries

  /// Adds what a worker has passed in an interval to the dues of the tracers that saw it.
  /// - Parameters:
  ///   - worker: its place in the books.
  ///   - now: where the interval ends.
  ///   - passes: makes the passes, of where the interval began.
  mutating func settle(_ worker: Int, now: Passes.InFlight, _ passes: (Passes.InFlight) -> Passes) {
    let passed = passes(inFlight[worker])
    inFlight[worker] = now
    for body in passed.bodies { open[worker] += body.entries - body.exits }
    for index in running.indices { running[index].add(passed, worker, masks) }
  }
}

fileprivate extension CompiledBooks.Running {
  mutating func add(_ passed: Passes, _ worker: Int, _ masks: [UInt8]) {
    let missing = masks.count - ends[worker].count
    if missing > 0 { ends[worker] += Array(repeating: .init(), count: missing) }
    let bit = UInt8(1) << UInt8(slot)
    for body in passed.bodies {
      let isSeen = masks[body.cell] & bit != 0
      let entries = isSeen ? body.entries - body.untracedEntries : 0
      let exits = isSeen ? body.exits : 0
      dues[worker].untracedEntries += body.entries - entries
      dues[worker].untracedExits += body.exits - exits
      ends[worker][body.cell].entries += entries
      ends[worker][body.cell].exits += exits
    }
  }

  /// The body that had a cell is gone, or the tracer is.
  mutating func flush(_ cell: Int, _ code: TortureCode?, _ base: UInt) {
    for worker in ends.indices where cell < ends[worker].count {
      let (entries, exits) = (ends[worker][cell].entries, ends[worker][cell].exits)
      if entries != 0 { dues[worker].entries[(code?.entry ?? base) - base, default: 0] += entries }
      if exits != 0 { dues[worker].exits[(code?.exit ?? base) - base, default: 0] += exits }
      ends[worker][cell] = .init()
    }
  }
}
