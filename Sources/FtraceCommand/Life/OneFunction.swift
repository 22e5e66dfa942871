import Ftrace
import FtraceEngine

/// One function, from its first byte to its last.
struct OneFunction {
  private let runtime: TraceRuntime
  private let listing: Listing
  private let first = CallCounter("A")
  private let second = CallCounter("B")

  init() throws(FtraceError) {
    var configuration = Configuration()
    configuration.daemonClock = .manual
    runtime = try TraceRuntime(configuration)
    do throws(CommandFailure) { listing = try Listing() } catch { throw .killed(reason: error.message) }
  }

  func walk() throws(FtraceError) {
    Terminal.print("ONE FUNCTION: area(width, height), compiled a moment ago. Its first five bytes are its site.\n")
    let area = try emit()
    try recordAndConvert(area)
    try trace(area)
    try filter(area)
    try switchOffAndOn(area)
    try redefine(area)
    try stopTracing(area)
    try damage(area)
    try free(area)
  }
}

/// The steps.
extension OneFunction {
  private typealias Area = EmittedFunction<Int, Int, Int>

  private func emit() throws(FtraceError) -> Area {
    var area: Area?
    let cost = try Cost.of(in: runtime) { () throws(FtraceError) in
      area = try runtime.define("area", as: ((Int, Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.mov(.rax, .rdi)
        f.imul(.rax, .rsi)
        f.functionReturn()
      }
    }
    guard let area else { throw .unknownFunction("area", nearest: []) }
    try printCode(of: area)
    show(area, "emitted", ["It starts with a call of mcount. The engine knows of no call yet."], cost)
    return area
  }

  private func recordAndConvert(_ area: Area) throws(FtraceError) {
    var cost = try Cost.of(in: runtime) { check(area(6, 7) == 42, "area(6, 7) is 42") }
    show(
      area, "called for the first time",
      ["mcount recorded the site, which now waits for the daemon. (The thread was attached as well.)"],
      cost)
    cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.advanceDaemonClock(by: .seconds(1)) }
    let statistics = runtime.statistics
    show(
      area, "the daemon's turn",
      [
        "ftraced made every recorded site a NOP, in one stop of all workers: \(statistics.updateCount) converted, "
          + "\(statistics.updateTotal) in all.",
        "A call costs \(callCost(area)), which is what calling emitted code from Swift costs.",
      ], cost)
    check(state(of: area) == .nop, "a converted site is a NOP")
  }

  private func trace(_ area: Area) throws(FtraceError) {
    var cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.register(first.ops) }
    show(
      area, "tracer A is registered",
      ["The site calls ftrace_caller, which calls A. \(calls(area, 3))", "A call costs \(callCost(area))."], cost,
      innerCall: true)
    cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.register(second.ops) }
    show(
      area, "tracer B is registered",
      ["Sites stay as they are: ftrace_call, inside ftrace_caller, is patched. \(calls(area, 3))"], cost,
      innerCall: true)
    check(cost.sitesWritten == 0, "a second tracer writes no site")
  }

  private func filter(_ area: Area) throws(FtraceError) {
    var cost = try Cost.of(in: runtime) { () throws(FtraceError) in
      try runtime.setFilter(TraceFilter(trace: ["vol*"]), of: second.ops)
    }
    show(area, "B wants vol* only", ["B never sees another function. \(calls(area, 3))"], cost, innerCall: true)
    cost = try Cost.of(in: runtime) { () throws(FtraceError) in
      try runtime.setFilter(TraceFilter(trace: ["ar*"]), of: second.ops)
    }
    show(area, "B wants ar* only", ["Sites that B wants get a trampoline of their own. \(calls(area, 3))"], cost)
  }

  private func switchOffAndOn(_ area: Area) throws(FtraceError) {
    var cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.setEnabled(false) }
    show(area, "tracing is switched off", ["Both tracers stay registered. \(calls(area, 3))"], cost)
    check(state(of: area) == .nop, "a site is a NOP while tracing is off")
    cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.setEnabled(true) }
    show(area, "and on again", [calls(area, 3)], cost)
  }

  private func redefine(_ area: Area) throws(FtraceError) {
    let cost = try Cost.of(in: runtime) { () throws(FtraceError) in
      try runtime.redefine(area.handle) { f in
        f.entrySite()
        f.prologue()
        f.lea(.rax, .base(.rdi, index: .rsi))
        f.add(.rax, .rax)
        f.functionReturn()
      }
    }
    show(
      area, "redefined: the circumference",
      ["New code at a new address; who called the old function calls the new one."], cost)
    check(area(6, 7) == 26, "the new body runs")
    let seen = (first.take(), second.take())
    check(seen == (1, 1), "the very first call is traced, once")
    let turn =
      (try? Cost.of(in: runtime) { () throws(FtraceError) in try runtime.advanceDaemonClock(by: .seconds(1)) }) ?? cost
    show(
      area, "called, and the daemon's turn",
      ["A and B saw the very first call, once. \(calls(area, 3))"], turn)
  }

  private func stopTracing(_ area: Area) throws(FtraceError) {
    let cost = try Cost.of(in: runtime) { () throws(FtraceError) in
      try runtime.unregister(second.ops)
      try runtime.unregister(first.ops)
    }
    show(area, "both tracers are unregistered", [calls(area, 3, by: 26)], cost)
    check(state(of: area) == .nop, "without a tracer a site is a NOP")
  }

  private func damage(_ area: Area) throws(FtraceError) {
    let site = entrySites[0]
    try runtime.overwriteSite(at: site.ip, with: [0x0F, 0x0B, 0x90, 0x90, 0x90])
    var cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.register(first.ops) }
    show(
      area, "somebody overwrote it",
      ["A was registered: all five bytes are compared before any is written, so nothing was."], cost)
    check(cost.sitesWritten == 0 && runtime.quarantinedSites.count == 1, "a damaged site is quarantined")
    try runtime.unregister(first.ops)
    try runtime.overwriteSite(at: site.ip, with: site.bytes)
    cost = try Cost.of(in: runtime) { _ = runtime.audit(releasing: true) }
    show(area, "mended, and audited", ["The audit found what the record says, and took it back into service."], cost)
    check(runtime.quarantinedSites.isEmpty, "a mended site is written again")
  }

  private func free(_ area: Area) throws(FtraceError) {
    let cost = try Cost.of(in: runtime) { () throws(FtraceError) in try runtime.free(area.handle) }
    let retired = runtime.statistics.retiredCodeBytes
    try runtime.reclaim()
    step("freed", "", "gone")
    detail(
      "A call would trap and name the function. \(counted(retired, "byte")) of code waited for a stop that finds no stack"
    )
    detail("referring to them; after one more stop \(runtime.statistics.retiredCodeBytes) wait.")
    detail(Self.text(of: cost), dim: true)
    Terminal.print("")
    check(runtime.sites.isEmpty, "a freed function has no site")
  }
}

/// What is printed.
extension OneFunction {
  private func check(_ condition: Bool, _ claim: String) { LifeCheck.expect(condition, claim) }

  /// What is shown: the exit sites of the function stay as they were born.
  private var entrySites: [SiteReport] { runtime.sites.filter { $0.kind == .entry } }

  private func state(of area: Area) -> SiteReport.State? { entrySites.last?.state }

  private func show(_ area: Area, _ title: String, _ text: [String], _ cost: Cost, innerCall: Bool = false) {
    guard let site = entrySites.last else { return }
    let code = "\(site.bytes.hex)  \(listing.instruction(site.bytes, at: site.ip, in: runtime))"
    step(title, code, site.state.text)
    if innerCall {
      let inner = runtime.callerCall
      let call = "\(inner.bytes.hex)  \(listing.instruction(inner.bytes, at: inner.address, in: runtime))"
      Terminal.print("    \("ftrace_call".leading(30))\(call)")
    }
    for line in text { detail(line) }
    detail(Self.text(of: cost), dim: true)
    Terminal.print("")
  }

  /// The whole function.
  private func printCode(of area: Area) throws(FtraceError) {
    let code = try area.handle.code()
    // A block is filled up with breakpoints.
    let bytes = Array(code.bytes[..<((code.bytes.lastIndex { $0 != 0xCC } ?? 0) + 1)])
    let notes = [
      ("call mcount", "the site"), ("cmp rsp", "stack, stop"), ("imul", "the body"),
      ("call qword", "waits, or traps"),
    ]
    let exits = runtime.sites.filter { $0.kind == .exit && $0.function == "area" }.map {
      "area+\($0.ip - code.address)"
    }
    for line in listing.function("area", bytes, at: code.address, in: runtime) {
      let code = "      " + line.place.leading(8) + line.bytes.hex.leading(28) + line.text
      let note = exits.contains(line.place) ? "the exit site" : notes.first { line.text.hasPrefix($0.0) }?.1
      Terminal.print(note.map { code.leading(81) + " ; \($0)" } ?? code)
    }
    Terminal.print("")
  }

  private func step(_ title: String, _ code: String, _ state: String) {
    let line = "  * \(title.leading(30))\(code.leading(48))"
    Terminal.print(Style.bold(line) + state)
  }

  private func detail(_ text: String, dim: Bool = false) { Terminal.print("    " + (dim ? Style.dim(text) : text)) }

  private static func text(of cost: Cost) -> String {
    var text = "took \(cost.time.text); \(counted(cost.stops, "stop"))"
    if let stop = cost.lastStop { text += ", workers held for \(stop.timeStopped.text)" }
    return text + "; \(counted(cost.sitesWritten, "site")) and \(counted(cost.innerCallsWritten, "inner call")) written"
  }

  /// Calls the function, and says who saw it.
  private func calls(_ area: Area, _ count: Int, by result: Int? = nil) -> String {
    _ = (first.take(), second.take())
    for _ in 0..<count {
      let found = area(6, 7)
      if let result { check(found == result, "area(6, 7) is \(result)") }
    }
    return "Of \(count) calls A saw \(first.take()), B \(second.take())."
  }

  /// What a call costs now: the median of some batches.
  private func callCost(_ area: Area) -> String {
    let batch = 2000
    let times = (0..<15).map { _ in
      let start = ContinuousClock.now
      for _ in 0..<batch { _ = area(6, 7) }
      return (ContinuousClock.now - start) / batch
    }
    _ = (first.take(), second.take())
    return times.sorted()[times.count / 2].text
  }
}
