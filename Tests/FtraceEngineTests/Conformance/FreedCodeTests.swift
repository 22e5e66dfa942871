import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Testing

/// Row 37, the hazard that a JIT has more than anyone: code goes, and its address comes back as something else.
/// Alone in the process: the scan for references is conservative, and a worker of another test may hold what was on its stack before.
@Suite struct FreedCodeTests {
  /// So large that nothing else of the runtime fits its place better.
  private static let size = 8192

  /// A large traced function.
  private func large(_ runtime: TraceRuntime, _ name: String) throws -> EmittedFunction<Int, Int> {
    try runtime.define(name, as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.lea(.rax, .base(.rdi, 1))
      f.ret()
      f.nop(Self.size - f.offset)
    }
  }

  /// Makes the adaptors of the types below, so that they do not take a place that is to be used again.
  private func prepare(_ runtime: TraceRuntime) throws {
    let functions = [try large(runtime, "large").handle, try untraced(runtime, "untraced").handle]
    for function in functions { try runtime.free(function) }
    for _ in 0..<2 { try runtime.reclaim() }
  }

  /// Code of the same size without a site: its first bytes are `mov eax, 7`.
  private func untraced(_ runtime: TraceRuntime, _ name: String) throws -> EmittedFunction<Int32> {
    try runtime.define(name, as: (() -> Int32).self) { f in
      f.mov(.eax, 7)
      f.ret()
      f.nop(Self.size - f.offset)
    }
  }

  enum Moment: String, CaseIterable { case neverCalled, pending, converted, tracing }

  @Test(
    "row 37: nothing is written to what took the place of freed code, and nothing recorded or counted of it",
    arguments: RecordingMode.allCases, Moment.allCases)
  func reused(mode: RecordingMode, moment: Moment) throws {
    try withRuntime(mode, alone: true) { runtime in
      let log = CallLog()
      let ops = log.ops("ops")
      try prepare(runtime)
      let keep = try runtime.adder("keep", 5)
      _ = keep(1)
      try runtime.forceUpdate()
      let records = runtime.statistics.records
      let old = try large(runtime, "old")
      let entry = try old.handle.entry
      if moment != .neverCalled { #expect(old(1) == 2) }
      if moment == .converted { try runtime.forceUpdate() }
      if moment == .tracing { try runtime.register(ops) }
      let generation = try #require(runtime.sites.first { $0.ip == entry }).generation
      try runtime.free(old.handle)
      #expect(!runtime.sites.contains { $0.ip == entry })
      #expect(runtime.statistics.pending == 0, "the pending record is dropped")
      #expect(runtime.statistics.records == records)
      try runtime.reclaim()

      let new = try untraced(runtime, "new")
      #expect(try new.handle.entry == entry, "the address was not used again")
      let code = try new.handle.code().bytes
      #expect(Array(code[..<5]) == [0xB8, 7, 0, 0, 0])
      let total = runtime.statistics.updateTotal
      try runtime.advanceDaemonClock(by: .seconds(2))
      if moment != .tracing { try runtime.register(ops) }
      try runtime.setEnabled(false)
      try runtime.setEnabled(true)
      #expect(new() == 7)
      #expect(log.take().isEmpty)
      try runtime.unregister(ops)
      #expect(try new.handle.code().bytes == code)
      #expect(runtime.statistics.updateTotal == total)
      #expect(runtime.statistics.records == records)
      #expect(runtime.quarantinedSites.isEmpty)

      // And with a site of its own the place is new: it is recorded once, under its own generation.
      try runtime.free(new.handle)
      try runtime.reclaim()
      let third = try large(runtime, "third")
      #expect(try third.handle.entry == entry)
      #expect(third(1) == 2)
      #expect(runtime.statistics.records == records + 1)
      let site = try #require(runtime.sites.first { $0.ip == entry })
      #expect(site.function == "third")
      #expect(site.generation > generation)
      #expect(site.state == (mode == .onFirstCall ? .pending : .nop))
    }
  }

  @Test(
    "row 37: a function that takes the place of a traced one does not inherit its tracing",
    arguments: RecordingMode.allCases)
  func notInherited(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let log = CallLog()
      try prepare(runtime)
      try runtime.register(log.ops("ops", filter: TraceFilter(functions: ["old"])))
      let old = try large(runtime, "old")
      _ = (old(1), old(1))
      #expect(log.take().count == 2)
      let entry = try old.handle.entry
      try runtime.free(old.handle)
      try runtime.reclaim()
      let new = try large(runtime, "new")
      #expect(try new.handle.entry == entry)
      #expect(new(1) == 2)
      try runtime.forceUpdate()
      #expect(new(1) == 2)
      #expect(log.take().isEmpty)
      // The name is free again, and its filter applies to whoever bears it.
      try runtime.rename(new.handle, to: "old")
      #expect(new(1) == 2)
      #expect(log.take().count == 1)
    }
  }

  @Test(
    "row 37: code that a worker still runs keeps its place, however often others come and go",
    arguments: RecordingMode.allCases)
  func inUse(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let loop = PollingLoop()
      let old = try runtime.poller("old")
      let entry = try old.handle.entry
      let size = runtime.arenaStatistics
      let loops = Counter()
      try beside(
        { loops.add(loop.run(old)) },
        meanwhile: {
          defer { loop.stop() }
          loop.waitUntilRunning()
          try runtime.redefine(old.handle) { f in
            f.entrySite()
            f.mov(.eax, 7)
            f.ret()
          }
          for _ in 0..<50 {
            let other = try runtime.poller("other")
            #expect(try other.handle.entry != entry, "code that runs was given away")
            try runtime.free(other.handle)
            try runtime.reclaim()
          }
        })
      #expect(loops.count > 7)
      #expect(loop.run(old) == 7)
      try runtime.reclaim()
      try runtime.reclaim()
      #expect(runtime.arenaStatistics.retiredBytes == 0)
      #expect(runtime.arenaStatistics.liveBytes <= size.liveBytes)
    }
  }

  @Test("row 37: what freed code leaves behind is not code", arguments: RecordingMode.allCases)
  func filledWithTraps(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let old = try large(runtime, "old")
      _ = old(1)
      let entry = try old.handle.entry
      try runtime.free(old.handle)
      try runtime.reclaim()
      // Dual mapping: the page stays, and holds int3.
      #expect(memory(at: entry, count: Self.size).allSatisfy { $0 == 0xCC })
    }
  }

  @Test(
    "row 37: the site of a body that went is a NOP, however far it had come, so that it is shown to no tracer",
    arguments: RecordingMode.allCases, Moment.allCases)
  func droppedSite(mode: RecordingMode, moment: Moment) throws {
    try withRuntime(mode, alone: true) { runtime in
      let log = CallLog()
      let old = try large(runtime, "old")
      let entry = try old.handle.entry
      if moment != .neverCalled { _ = old(1) }
      if moment == .converted { try runtime.forceUpdate() }
      if moment == .tracing { try runtime.register(log.ops("ops", filter: TraceFilter(functions: ["old"]))) }
      let written = runtime.statistics.innerCallsWritten
      try runtime.redefine(old.handle) { f in
        f.entrySite()
        f.mov(.eax, 7)
        f.ret()
      }
      // The stop that drops it. Its memory is reclaimed by a later one: a worker may stand before the site.
      try runtime.register(log.ops("other", filter: TraceFilter(functions: ["nobody"])))
      #expect(memory(at: entry, count: 5) == [0x0F, 0x1F, 0x44, 0x00, 0x00])
      #expect(runtime.statistics.innerCallsWritten == written)
      #expect(runtime.quarantinedSites.isEmpty)
    }
  }

  @Test("row 37: a call that became pending while its function was being freed is dropped", arguments: [false, true])
  func pendingDuringFree(called: Bool) throws {
    try withRuntime(alone: true, .set(\.stopGrace, nil)) { runtime in
      try prepare(runtime)
      let doomed = try large(runtime, "doomed")
      let entry = try doomed.handle.entry
      if called { _ = doomed(1) }
      let raw = unsafe try doomed.handle.rawEntry()
      typealias Function = @convention(c) (Int) -> Int
      let (inside, result) = (Flag(), Counter())
      // Inside, so its code stays; it calls the body that is being freed when the stop waits for it.
      let host = try runtime.hostFunction("late") { (argument: Int) -> Int in
        inside.set()
        while !ftrace_test_armed() {}
        // Safe: inside, and the code is kept until this call has ended.
        return unsafe unsafeBitCast(raw, to: Function.self)(argument)
      }
      let caller = try runtime.define("caller", as: ((Int) -> Int).self) { f in
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      try beside(
        { result.add(caller(41)) },
        meanwhile: {
          inside.wait()
          try runtime.free(doomed.handle)
        })
      #expect(result.count == 42)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.pending == 0)
      #expect(runtime.statistics.records == 0)
      try runtime.reclaim()
      let new = try untraced(runtime, "new")
      #expect(try new.handle.entry == entry)
      let code = try new.handle.code().bytes
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(try new.handle.code().bytes == code)
      // The records are whole: as many again can be taken and converted.
      let functions = try runtime.adders(20)
      for f in functions { _ = f(1) }
      #expect(runtime.statistics.pending == 20)
      try runtime.forceUpdate()
      #expect(runtime.sites.filter { $0.function.hasPrefix("f") }.allSatisfy { $0.state == .nop })
    }
  }
}
