import CFtraceShims
import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceQuiescence

/// Workers call random functions while a controller enables, disables, filters, retargets, renames, frees and redefines without pause;
/// the books of both sides must agree to the last call.
public final class Torture {
  let options: TortureOptions
  /// The controller's, begun anew with each step: what a step does is fixed, however the ones before it went.
  var generator: SeededGenerator
  /// Steps that were begun.
  var steps = 0
  var log = OperationLog()
  let runtime: TraceRuntime
  let ledger: Ledger
  let host: HostHandle
  /// The closure that frees its caller, and that is come back to by longjmp(3).
  let catcher: HostHandle
  let landing = TortureLanding()
  var functions: [TortureFunction] = []
  var handles: [FunctionHandle] = []
  /// The cell of each function's present body.
  var cells: [Int] = []
  /// Replaced, and not freed yet.
  var leaving: [LeavingFunction] = []
  var report = TortureReport()
  var generation = 0
  var tracers: [TortureTracer] = []
  /// The compiled ones, by slot.
  var compiled: [(any TortureCompiled)?] = Array(repeating: nil, count: compiledSlots)
  var table = TortureTable([])
  var workers: [TortureWorker] = []
  let forking = TortureFork()
  var child: LiveChild?
  let clock = ContinuousClock()
  var nextFork = ContinuousClock.now

  /// Makes the runtime and the books.
  public init(_ options: TortureOptions) throws {
    self.options = options
    generator = TortureThread(.controller).generator(of: options.seed)
    var configuration = Configuration()
    configuration.recording = options.recording == .atEmission ? .atEmission : .onFirstCall
    configuration.daemonClock = options.daemon ? .system : .manual
    configuration.daemonPeriod = options.daemon ? .milliseconds(2) : .seconds(1)
    configuration.stopDeadline = .seconds(10)
    configuration.stopGrace = options.grace
    switch options.mapping {
    case .automatic: configuration.mapping = .automatic
    case .dual: configuration.mapping = .dual
    case .toggling: configuration.mapping = .toggling
    }
    runtime = try TraceRuntime(configuration)
    // The last block is the controller's.
    ledger = try Ledger(workers: options.threads + 1, functions: options.functions, runtime: runtime)
    let slot = runtime.slotIndex
    host = try runtime.hostFunction("torture_host") { [forking] (x: Int64) -> Int64 in
      forking.forkIfAsked()
      let nanoseconds = Books.timeToPark(slot: slot, mask: 0xFFF)
      if nanoseconds > 0 { parked { ftrace_sleep(nanoseconds) } }
      return TortureFunction.hostValue(x)
    }
    catcher = try runtime.hostFunction("torture_catch") { [landing] (x: Int64) -> Int64 in landing.catches(x) }
    #if FTRACE_DELAYS
      if options.delays { ftrace_delay_seed(options.seed | 1) }
      if let sabotage = options.sabotage { runtime.sabotage(Sabotage(rawValue: sabotage)) }
    #endif
    tracers = (0..<Books.tracers).map {
      TortureTracer(
        number: $0, context: ledger.books.context(of: $0, drops: options.sabotage == "drop-event", parks: true))
    }
  }

  /// Runs until the time is over or something does not add up.
  public func run() throws -> TortureReport {
    // The controller calls functions too, those that no worker calls.
    ftrace_delay_number(TortureThread(.controller).number)
    try withWorker(named: "torture") { _ in
      ledger.books.adopter(worker: options.threads, seed: generator.next())()
      try defineFunctions()
      table = TortureTable(try functions.filter(\.isRoot).map { try entry(of: $0.index) })
      if options.forks { try Self.rehearseForks(options) }
      for number in 0..<options.threads { workers.append(startWorker(TortureThread(.worker, index: number))) }
      ledger.books.observe(runtime)
      defer { unsafe runtime.observeStops(nil, nil) }

      let end = clock.now + options.duration
      var nextLine = clock.now + .seconds(5)
      while options.steps.map({ steps < $0 }) ?? (clock.now < end), ledger.mismatches.isEmpty,
        table.wrong.withLock({ $0.isEmpty })
      {
        attempt { try step() }
        update()
        if clock.now >= nextLine {
          nextLine = clock.now + .seconds(5)
          options.progress?(
            "\(report.stops) stops, \(report.traced) calls traced, \(ledger.mismatches.count) mismatches; \(report.findings)"
          )
        }
      }
      finish()
    }
    return report
  }

  /// Runs an operation; a stop that was given up is counted, any other error is a mismatch.
  func attempt(_ operation: () throws -> Void) {
    do {
      try operation()
    } catch FtraceError.quiescence(.timedOut) {
      report.timeouts += 1
    } catch {
      ledger.note("\(error)")
    }
  }

  private func update() {
    report.calls = ledger.calls
    report.traced = ledger.traced
    report.expected = ledger.expected
    report.findings = ledger.findings
    report.stops = runtime.statistics.stops
    report.publish()
  }

  private func finish() {
    finishForks()
    if !runtime.isEnabled, ledger.mismatches.isEmpty { attempt { try setEnabled(true) } }
    for slot in compiled.indices { attempt { try stopCompiled(slot) } }
    for tracer in tracers where tracer.isRegistered { attempt { try unregister(tracer) } }
    attempt { try runtime.reclaim() }
    if options.turns == nil { table.stopping.store(true, ordering: .relaxed) }
    for worker in workers {
      worker.finish()
      note(worker)
    }
    report.operations[TortureThread(.controller)] = log
    attempt { try freeLeaving() }
    // One more stop, with nobody inside, for the last figures.
    attempt { try boundary({}) {} }
    for site in runtime.audit().damaged { ledger.note("audit: \(site)") }
    for site in runtime.quarantinedSites { ledger.note("quarantined: \(site)") }
    for tracer in tracers where tracer.strays > 0 {
      ledger.note("tracer \(tracer.number) was called \(tracer.strays) times for a call that nobody made")
    }
    update()
    // Books without entries agree as well.
    if ledger.mismatches.isEmpty, ledger.expected == 0 {
      ledger.note("nothing was traced: give it more seconds, or fewer threads")
    }
    report.mismatches = ledger.mismatches + table.wrong.withLock { $0 }
  }

  // MARK: - Boundaries

  /// Runs an operation that changes which calls are traced, settles the books up to its stop, and then has them expect the change.
  func boundary(_ operation: () throws -> Void, _ change: () -> Void) throws {
    let before = ledger.books.boundaries
    try operation()
    // Nothing had to be written, says the engine: a stop of its own divides the books.
    while ledger.books.boundaries == before {
      do throws(FtraceError) { try runtime.stopOnce() } catch {
        guard case .quiescence(.timedOut) = error else { throw error }
        report.timeouts += 1
      }
    }
    ledger.settle()
    change()
  }

  // MARK: - Workers

  private func startWorker(_ identity: TortureThread) -> TortureWorker {
    let number = identity.index
    let turns = options.turns.map { $0...$0 } ?? (options.churn ? 1...400 : .max ... .max)
    let worker = TortureWorker(
      identity, seed: options.seed, turns: turns, table: table, failing: number < options.failingWorkers,
      adopt: ledger.books.adopter(worker: number, seed: identity.seed(of: options.seed)))
    if worker.hasStarted { report.threads += 1 }
    return worker
  }

  /// Replaces the workers that have ended. Their counts stay in the books: the next one goes on with the same cells.
  func replaceEndedWorkers() {
    for number in workers.indices where workers[number].hasEnded {
      workers[number].finish()
      note(workers[number])
      var next = workers[number].identity
      next.incarnation += 1
      workers[number] = startWorker(next)
    }
  }

  private func note(_ worker: TortureWorker) {
    if options.keepsLogs { report.operations[worker.identity] = worker.log }
  }

  /// Tells whether every worker has let go of the gates that it had read before this was called.
  func turnsEnd() -> () -> Bool {
    let turns = workers.map { $0.turnsEnd() }
    return { turns.allSatisfy { $0() } }
  }
}
