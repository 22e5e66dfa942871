import CFtraceShims
import Ftrace
import FtraceEngine

/// What is done to functions that no worker calls, because a worker would trap in them. The controller calls them itself.
extension Torture {
  func name(layer: Int) -> TortureName {
    generation += 1
    return TortureName(layer: layer, index: functions.count, generation: generation)
  }

  func call(_ handle: FunctionHandle, expecting value: (Int64) -> Int64) throws {
    let argument = Int64.random(in: 0...0xFFFF, using: &generator)
    // Safe: the handle lives.
    let result = unsafe TortureWorker.call(gate: try handle.gate(), argument)
    if result != value(argument) { ledger.note("\(handle) returned \(result), not \(value(argument))") }
  }

  /// Frees a function that another one calls: refused, then forced.
  func freeForced() throws {
    let leaf = TortureFunction(aside: name(layer: 9))
    let caller = TortureFunction(aside: name(layer: 8))
    let (leafHandle, leafCell) = try define(leaf, callees: [])
    let (callerHandle, callerCell) = try define(caller, callees: [leafHandle.symbol])
    try call(callerHandle) { caller.ownValue($0) &+ leaf.ownValue($0 &+ 1) }
    let stop = ledger.books.stops
    defer { for cell in [leafCell, callerCell] { ledger.retire(cell, since: stop, isQuiet: { true }) } }
    do throws(FtraceError) {
      try runtime.free(leafHandle)
      ledger.note("\(leaf.name.text) was freed, although it is called")
      return
    } catch {
      guard case .stillCalled(_, [caller.name.text]) = error else { throw error }
    }
    report.frees += 2
    try runtime.free(leafHandle, force: true)
    if leafHandle.isLive { ledger.note("\(leaf.name.text) lives, although it was freed") }
    try runtime.free(callerHandle)
  }

  /// Overwrites a site behind the engine's back: it is quarantined and left alone, and released once it is repaired.
  func quarantine() throws {
    guard runtime.isEnabled, let tracer = tracers.first(where: { !$0.isRegistered }) else { return }
    let victim = TortureFunction(aside: name(layer: 7))
    let (handle, cell) = try define(victim, callees: [])
    let stop = ledger.books.stops
    defer { ledger.retire(cell, since: stop, isQuiet: { true }) }
    try call(handle, expecting: victim.ownValue)
    try runtime.forceUpdate()
    let site = unsafe try handle.rawEntry()
    let sound = Array(try handle.code().bytes.prefix(5))
    // Another NOP of five bytes.
    try runtime.overwriteSite(at: site, with: [0x66, 0x66, 0x66, 0x66, 0x90])
    try register(tracer, .exactly([victim.name]))
    expect([site], runtime.quarantinedSites.map(\.ip), "in quarantine")
    expect([site], runtime.audit().damaged.map(\.ip), "damaged")
    try unregister(tracer)
    expect([site], runtime.quarantinedSites.map(\.ip), "in quarantine")
    try runtime.overwriteSite(at: site, with: sound)
    expect([site], runtime.audit(releasing: true).released.map(\.ip), "released")
    expect([], runtime.quarantinedSites.map(\.ip), "in quarantine")
    // It is traced as any other again, or the books will tell.
    try call(handle, expecting: victim.ownValue)
    report.frees += 1
    try runtime.free(handle)
  }

  private func expect(_ expected: [UInt], _ found: [UInt], _ what: String) {
    if found != expected { ledger.note("\(found.count) sites are \(what), not \(expected.count)") }
  }
}
