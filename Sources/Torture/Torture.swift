import CFtraceShims
import Ftrace
import FtraceEngine
import FtracePlatform

/// Workers call random functions while a controller enables, disables, filters, retargets, frees and redefines without pause; the
/// books of both sides must agree to the last call.
public final class Torture {
  let options: TortureOptions
  var generator: SeededGenerator
  let runtime: TraceRuntime
  let ledger: Ledger
  var functions: [TortureFunction] = []
  var handles: [FunctionHandle] = []
  var report = TortureReport()
  var generation = 0
  var tracers: [TortureTracer] = []
  var table = TortureTable([])
  var workers: [TortureWorker] = []

  /// Makes the functions and the runtime.
  public init(_ options: TortureOptions) throws {
    self.options = options
    generator = SeededGenerator(seed: options.seed)
    var configuration = Configuration()
    configuration.recording = options.recording == .atEmission ? .atEmission : .onFirstCall
    configuration.daemonClock = .manual
    configuration.stopDeadline = .seconds(10)
    // The books need workers that stop where they poll.
    configuration.stopGrace = nil
    runtime = try TraceRuntime(configuration)
    ledger = try Ledger(workers: options.threads)
    #if FTRACE_DELAYS
      if options.delays { ftrace_delay_default(options.seed | 1) }
      if let sabotage = options.sabotage { runtime.sabotage(Sabotage(rawValue: sabotage)) }
    #endif
    tracers = (0..<Ledger.tracerLimit).map {
      TortureTracer(number: $0, slot: runtime.slotIndex, drops: options.sabotage == "drop-event")
    }
  }

  /// Runs until the time is over or something does not add up.
  public func run() throws -> TortureReport {
    for index in 0..<max(options.functions, TortureFunction.layers) {
      functions.append(
        TortureFunction(
          index: index, of: max(options.functions, TortureFunction.layers), generation: 0, using: &generator))
    }
    // Callees first: the layers from the last to the first.
    var byIndex: [Int: FunctionHandle] = [:]
    for layer in (0..<TortureFunction.layers).reversed() {
      for function in functions where function.index % TortureFunction.layers == layer {
        byIndex[function.index] = try define(function, byIndex)
      }
    }
    handles = functions.map { byIndex[$0.index]! }
    try publishTable()
    startWorkers()
    ledger.observe(runtime)

    let clock = ContinuousClock()
    let end = clock.now + options.duration
    var nextLine = clock.now + .seconds(5)
    while clock.now < end, ledger.mismatches.isEmpty, table.wrong.withLock({ $0.isEmpty }) {
      do {
        try step()
      } catch let error as FtraceError {
        if case .quiescence(.timedOut) = error { report.timeouts += 1 } else { ledger.note(error.description) }
      }
      if clock.now >= nextLine {
        nextLine = clock.now + .seconds(5)
        options.progress?(
          "\(runtime.statistics.stops) stops, \(ledger.traced) calls traced, \(ledger.mismatches.count) mismatches")
      }
    }
    finish()
    return report
  }

  // MARK: - Functions

  func define(_ function: TortureFunction, _ byIndex: [Int: FunctionHandle]) throws -> FunctionHandle {
    let symbols = function.callees.map { byIndex[$0]!.symbol }
    guard let cell = ledger.newBody(function.name) else { throw FtraceError.busy }
    let variant = Int.random(in: 0..<30, using: &generator)
    return try runtime.define(function.name, signature: Signature([.int64], returning: .int64)) { f in
      function.emit(f, cell: ledger.bodies.address(of: cell), variant: variant, callees: symbols)
    }
  }

  /// The value of a function, by the same rule as its bodies, in plain Swift.
  static func value(_ index: Int, _ x: Int64, in functions: [TortureFunction]) -> Int64 {
    let function = functions[index]
    return function.callees.reduce(x &* function.factor &+ function.addend) {
      $0 &+ value($1, x &+ 1, in: functions)
    }
  }

  private func entry(of index: Int) throws -> TortureTable.Entry {
    let view = functions
    return TortureTable.Entry(gate: try handles[index].gate()) { Torture.value(index, $0, in: view) }
  }

  private func publishTable() throws {
    table = TortureTable(try functions.filter(\.isRoot).map { try entry(of: $0.index) })
  }

  private func startWorkers() {
    for number in 0..<options.threads {
      workers.append(
        TortureWorker(
          number: number, seed: generator.next(), table: table,
          counters: ledger.tracers.address(of: number * Ledger.tracerLimit), slot: runtime.slotIndex))
    }
    report.threads = workers.count
  }

  /// Replaces a root function by a new one, waits until no worker can call the old one, and frees it.
  func replaceRoot() throws {
    let roots = functions.indices.filter { functions[$0].isRoot }
    guard let place = roots.indices.randomElement(using: &generator) else { return }
    let index = roots[place]
    generation += 1
    let old = handles[index]
    let new = TortureFunction(index: index, of: functions.count, generation: generation, using: &generator)
    let byIndex = Dictionary(uniqueKeysWithValues: zip(functions.indices, handles))
    handles[index] = try define(new, byIndex)
    functions[index] = new
    table.replace(place, with: try entry(of: index))
    waitForTurns()
    try runtime.free(old)
    report.frees += 1
  }

  /// Returns when every worker has read the table anew.
  private func waitForTurns() {
    let seen = workers.map { $0.turns.load(ordering: .acquiring) }
    for (worker, before) in zip(workers, seen) {
      while worker.turns.load(ordering: .acquiring) < before + 2 { ftrace_sleep(20_000) }
    }
  }

  func redefine() throws {
    guard let index = functions.indices.randomElement(using: &generator) else { return }
    let function = functions[index]
    guard let cell = ledger.newBody(function.name) else { return }
    let variant = Int.random(in: 0..<30, using: &generator)
    let symbols = function.callees.map { handles[$0].symbol }
    try runtime.redefine(handles[index]) { f in
      function.emit(f, cell: ledger.bodies.address(of: cell), variant: variant, callees: symbols)
    }
    report.redefines += 1
  }

  private func finish() {
    do {
      if !runtime.isEnabled, ledger.mismatches.isEmpty { try setEnabled(true) }
      for tracer in tracers where tracer.isRegistered { try unregister(tracer) }
      try runtime.reclaim()
    } catch {
      ledger.note("at the end: \(error)")
    }
    table.stopping.store(true, ordering: .relaxed)
    for worker in workers { worker.finish() }
    // One more stop, with nobody inside, for the last figures.
    _ = try? runtime.stopOnce()
    for site in runtime.audit().damaged { ledger.note("audit: \(site)") }
    for site in runtime.quarantinedSites { ledger.note("quarantined: \(site)") }
    for tracer in tracers where tracer.strays > 0 {
      ledger.note("tracer \(tracer.number) was called on \(tracer.strays) strange threads")
    }
    unsafe runtime.observeStops(nil, nil)
    report.calls = ledger.calls
    report.traced = ledger.traced
    report.expected = ledger.expected
    report.stops = runtime.statistics.stops
    // Books without entries agree as well.
    if ledger.mismatches.isEmpty, ledger.expected == 0 { ledger.note("nothing was traced") }
    report.mismatches = ledger.mismatches + table.wrong.withLock { $0 }
  }
}
