import CFtraceShims
import Ftrace

/// The controller's operations. Each closes and opens the books at its own stop.
extension Torture {
  func step() throws {
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<30: try toggleTracer()
    case 30..<45: try changeFilter()
    case 45..<50: try setEnabled(!runtime.isEnabled)
    case 50..<65: try redefine()
    case 65..<75: try replaceRoot()
    case 75..<80: try runtime.advanceDaemonClock(by: .seconds(1))
    case 80..<83: try runtime.reclaim()
    default: ftrace_sleep(UInt64.random(in: 1_000...300_000, using: &generator))  // intervals need calls in them
    }
  }

  private func toggleTracer() throws {
    let tracer = tracers[Int.random(in: 0..<tracers.count, using: &generator)]
    if tracer.isRegistered { try unregister(tracer) } else { try register(tracer) }
  }

  private func register(_ tracer: TortureTracer) throws {
    let shared = tracers.count { $0.isRegistered && $0.isShared }
    tracer.renew(filter: randomFilter(), registers: Int.random(in: 0..<6, using: &generator) == 0)
    try runtime.register(tracer.ops)
    tracer.isRegistered = true
    if runtime.isEnabled { ledger.begin(tracer.number, tracer.filter) }
    report.registers += 1
    if shared > 0 && tracer.isShared { report.retargets += 1 }
  }

  func unregister(_ tracer: TortureTracer) throws {
    try runtime.unregister(tracer.ops)
    ledger.end(tracer.number)
    tracer.isRegistered = false
  }

  private func changeFilter() throws {
    guard let tracer = tracers.filter(\.isRegistered).randomElement(using: &generator) else { return }
    let filter = randomFilter()
    let stops = runtime.statistics.stops
    try runtime.setFilter(filter, of: tracer.ops)
    // Both filters select the same functions now: nothing was written, and the books are closed at a stop of their own.
    if runtime.statistics.stops == stops { try runtime.stopOnce() }
    ledger.end(tracer.number)
    tracer.filter = filter
    if runtime.isEnabled { ledger.begin(tracer.number, filter) }
  }

  func setEnabled(_ enabled: Bool) throws {
    try runtime.setEnabled(enabled)
    for tracer in tracers where tracer.isRegistered {
      if enabled { ledger.begin(tracer.number, tracer.filter) } else { ledger.end(tracer.number) }
    }
  }

  private func randomFilter() -> TraceFilter {
    switch Int.random(in: 0..<6, using: &generator) {
    case 0, 1, 2: .all
    case 3: TraceFilter(trace: [Glob("t\(Int.random(in: 0..<4, using: &generator))_*")])
    case 4: TraceFilter(notrace: ["*[13579]_*"])
    default: TraceFilter(trace: ["t?_*0*", "t0_*"], notrace: ["t1*"])
    }
  }
}
