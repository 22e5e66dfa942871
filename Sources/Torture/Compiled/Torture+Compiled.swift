import Ftrace
import Glibc

/// Compiled tracers: started and stopped while workers run, several at once, each with books of its own.
extension Torture {
  /// How many there are at one time.
  static let compiledSlots = 4

  /// Starts or stops one, or gives it another filter.
  func changeCompiled() throws {
    guard options.tracers else { return }
    let slot = Int.random(in: 0..<Self.compiledSlots, using: &generator)
    guard let tracer = compiled[slot] else {
      // Some of the time there is none: with compiled tracers at the sites a stop takes longer, and the controller does less.
      return Int.random(in: 0..<3, using: &generator) == 0 ? try startCompiled(slot) : ()
    }
    if Int.random(in: 0..<4, using: &generator) > 0 { return try stopCompiled(slot) }
    let filter = randomFilter()
    try boundary {
      try runtime.setFilter(filter.globs, of: tracer.ops)
    } _: {
      ledger.changeCompiled(slot, filter)
    }
  }

  private func startCompiled(_ slot: Int) throws {
    let filter = randomFilter()
    let tracer: any TortureCompiled
    if Int.random(in: 0..<4, using: &generator) == 0 {
      tracer = TortureCountTracer(filter.globs, in: runtime)
    } else {
      let how = EventTracerOptions(threads: options.threads, using: &generator)
      tracer = try TortureEventTracer(
        how, filter.globs, in: runtime, path: "\(Self.directory)/ftrace-torture-\(getpid())-\(slot)")
    }
    do {
      try boundary {
        try runtime.register(tracer.ops)
      } _: {
        compiled[slot] = tracer
        ledger.startCompiled(slot, filter)
      }
    } catch {
      tracer.abandon()
      throw error
    }
    report.tracers += 1
  }

  func stopCompiled(_ slot: Int) throws {
    guard let tracer = compiled[slot] else { return }
    var dues: [EventDues] = []
    try boundary {
      try runtime.unregister(tracer.ops)
    } _: {
      compiled[slot] = nil
      dues = ledger.stopCompiled(slot)
    }
    for discrepancy in tracer.settle(dues, ledger.compiled, into: &report) {
      ledger.note("tracer \(tracer.text): \(discrepancy)")
    }
  }

  /// Where files of traces are for a moment: in memory, if the system has such a place.
  // Safe: the path is a C string for the time of the call.
  private static let directory = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
}
