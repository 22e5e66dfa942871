import CFtraceShims
import Ftrace

/// The controller's operations.
extension Torture {
  func step() throws {
    steps += 1
    generator = TortureThread(.controller, incarnation: steps).generator(of: options.seed)
    // Before anything that depends on what has happened.
    let operation = Int.random(in: 0..<100, using: &generator)
    log.add(UInt64(operation))
    if options.churn { replaceEndedWorkers() }
    if options.forks { tendForks() }
    try freeLeaving()
    switch operation {
    case 0..<20: try toggleTracer()
    case 20..<26: try changeCompiled()
    case 26..<38: try changeFilter()
    case 38..<43: try setEnabled(!runtime.isEnabled)
    case 43..<56: try redefine()
    case 56..<64: try replaceRoot()
    case 64..<68: if !options.daemon { try runtime.advanceDaemonClock(by: .seconds(1)) }
    case 68..<71: try runtime.reclaim()
    case 71..<76: try rename()
    case 76..<79: try freeCalled()
    case 79..<81: try freeForced()
    case 81..<83: try quarantine()
    // The books agree at any stop, also at one that changes nothing.
    case 83..<88: for _ in 0..<16 { try boundary({}) {} }
    case 88..<90: try land()
    default: ftrace_sleep(UInt64.random(in: 1_000...300_000, using: &generator))  // intervals need calls in them
    }
  }

  private func toggleTracer() throws {
    let tracer = tracers[Int.random(in: 0..<tracers.count, using: &generator)]
    if tracer.isRegistered { try unregister(tracer) } else { try register(tracer, randomFilter()) }
  }

  func register(_ tracer: TortureTracer, _ filter: TortureFilter) throws {
    let shared = tracers.count { $0.isRegistered && $0.isShared }
    tracer.renew(filter: filter, registers: Int.random(in: 0..<6, using: &generator) == 0)
    try boundary {
      try runtime.register(tracer.ops)
    } _: {
      tracer.isRegistered = true
      ledger.register(tracer.number, filter)
    }
    report.registers += 1
    if shared > 0 && tracer.isShared { report.retargets += 1 }
  }

  func unregister(_ tracer: TortureTracer) throws {
    try boundary {
      try runtime.unregister(tracer.ops)
    } _: {
      tracer.isRegistered = false
      ledger.unregister(tracer.number)
    }
  }

  private func changeFilter() throws {
    guard let tracer = tracers.filter(\.isRegistered).randomElement(using: &generator) else { return }
    let filter = randomFilter()
    try boundary {
      try runtime.setFilter(filter.globs, of: tracer.ops)
    } _: {
      tracer.filter = filter
      ledger.select(filter, tracer.number)
    }
  }

  func setEnabled(_ enabled: Bool) throws {
    try boundary {
      try runtime.setEnabled(enabled)
    } _: {
      ledger.setEnabled(enabled)
    }
  }

  func randomFilter() -> TortureFilter {
    switch Int.random(in: 0..<9, using: &generator) {
    case 0, 1, 2: .all
    case 3: .layer(Int.random(in: 0..<TortureFunction.layers, using: &generator))
    case 4: .even
    case 5: .notRenamed
    case 6: .exactly(Set((0..<5).compactMap { _ in functions.randomElement(using: &generator)?.name }))
    default: .zeros
    }
  }
}
