import Ftrace
import FtraceDisassembly
import FtraceTestSupport
import Testing

extension TraceRuntime {
  /// What the calls in a piece of the runtime's own code lead to, in order, as far as it returns.
  fileprivate func calls(at address: UInt) throws -> [UInt] {
    var targets: [UInt] = []
    for instruction in try Disassembler().decode(memory(at: address, count: 512), at: UInt64(address)) {
      if instruction.mnemonic == "ret" { break }
      if instruction.mnemonic == "call", let target = instruction.target { targets.append(UInt(target)) }
    }
    return targets
  }
}

@Suite struct OpsTests {
  @Test(
    "rows 20, 25: the first ops enables every site in one stop, the last one disables them in one",
    arguments: RecordingMode.allCases)
  func firstAndLast(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(50)
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let (log, stubs, start) = (CallLog(), runtime.stubAddresses, runtime.statistics)
      let ops = log.ops("a")
      #expect(try runtime.register(ops) == .active)
      let on = runtime.statistics
      #expect(on.stops == start.stops + 1)
      #expect(on.sitesWritten == start.sitesWritten + 50)
      for f in functions { #expect(try f.handle.site == .call(stubs.caller)) }
      for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
      #expect(log.take().map(\.ip) == (try functions.map { try $0.handle.entry }))

      try runtime.unregister(ops)
      let off = runtime.statistics
      #expect(off.stops == on.stops + 1)
      #expect(off.sitesWritten == on.sitesWritten + 50)
      for f in functions { #expect(try f.handle.site == .nop) }
      #expect(try runtime.callerTarget == .call(stubs.stub))
      for (number, f) in functions.enumerated() { #expect(f(1) == 1 + number) }
      #expect(log.entries.isEmpty)
    }
  }

  @Test(
    "rows 21, 22, 23, 24: a second ops writes no site, and the callee of ftrace_caller follows the list",
    arguments: RecordingMode.allCases)
  func several(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(20)
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let log = CallLog()
      let (a, b, c) = (log.ops("a"), log.ops("b"), log.ops("c"))
      try runtime.register(a)
      let thunkA = try #require(runtime.thunk(of: a))
      #expect(try runtime.callerTarget == .call(thunkA), "a single ops is called without a detour")
      let (sites, first) = (runtime.sites, runtime.statistics)

      try runtime.register(b)
      let thunkB = try #require(runtime.thunk(of: b))
      #expect(runtime.statistics.stops == first.stops + 1)
      #expect(runtime.statistics.sitesWritten == first.sitesWritten)
      #expect(runtime.statistics.innerCallsWritten == first.innerCallsWritten + 1)
      #expect(runtime.sites == sites)
      guard case .call(let pair) = try runtime.callerTarget else {
        Issue.record("ftrace_call is not a call")
        return
      }
      #expect(![thunkA, thunkB, runtime.stubAddresses.stub].contains(pair))
      #expect(try runtime.calls(at: pair) == [thunkB, thunkA], "newest first")

      try runtime.register(c)
      let thunkC = try #require(runtime.thunk(of: c))
      guard case .call(let triple) = try runtime.callerTarget else {
        Issue.record("ftrace_call is not a call")
        return
      }
      #expect(try runtime.calls(at: triple) == [thunkC, thunkB, thunkA])
      #expect(runtime.registeredOps.map(\.name) == ["c", "b", "a"])
      #expect(functions[3](1) == 4)
      let calls = log.take()
      #expect(calls.map(\.ops) == ["c", "b", "a"])
      #expect(Set(calls.map(\.ip)) == [try functions[3].handle.entry])
      #expect(Set(calls.map(\.parentIP)).count == 1)

      try runtime.unregister(b)
      #expect(functions[3](1) == 4)
      #expect(log.take().map(\.ops) == ["c", "a"])
      let two = runtime.statistics
      try runtime.unregister(a)
      #expect(try runtime.callerTarget == .call(thunkC), "the remaining one is called directly again")
      #expect(runtime.statistics.sitesWritten == two.sitesWritten)
      #expect(runtime.statistics.stops == two.stops + 1)
      #expect(runtime.sites == sites)
      #expect(functions[3](1) == 4)
      #expect(log.take().map(\.ops) == ["c"])
    }
  }

  @Test("row 22: the thunk of an ops calls its callback and nothing else")
  func fastPath() throws {
    try withRuntime { runtime in
      let (far, calls) = (try FarCallback(), SharedWords(1))
      let ops = unsafe TraceOps(name: "far", context: calls.base, callback: far.callback)
      try runtime.register(ops)
      let thunk = try #require(runtime.thunk(of: ops))
      let code = try Disassembler().decode(memory(at: thunk, count: 64), at: UInt64(thunk))
      let body = code.prefix { $0.mnemonic != "ret" }
      #expect(body.count { $0.mnemonic == "call" } == 1)
      let constants = body.flatMap(\.bytes).indices.dropLast(7).map { index in
        body.flatMap(\.bytes)[index..<index + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
      #expect(constants.contains(UInt64(far.address)))
      #expect(unsafe constants.contains(UInt64(UInt(bitPattern: calls.base))))
      try runtime.unregister(ops)
    }
  }

  @Test("row 28: unregistering what is not registered fails and changes nothing", arguments: RecordingMode.allCases)
  func unregisterUnknown(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let log = CallLog()
      let (active, unknown) = (log.ops("active"), log.ops("unknown"))
      // With nothing registered, and with another ops active: the original's count goes wrong in both cases.
      for registered in [false, true] {
        if registered { try runtime.register(active) }
        let (statistics, sites, names) = (runtime.statistics, runtime.sites, runtime.registeredOps.map(\.name))
        for _ in 0..<2 {
          #expect { try runtime.unregister(unknown) } throws: { error in
            if case FtraceError.notRegistered("unknown") = error { true } else { false }
          }
        }
        #expect(runtime.statistics == statistics)
        #expect(runtime.sites == sites)
        #expect(runtime.registeredOps.map(\.name) == names)
      }
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["active"])
      try runtime.unregister(active)
      #expect(throws: FtraceError.self) { try runtime.unregister(active) }
      // The daemon converts and the next registration enables.
      let g = try runtime.adder("g", 1)
      _ = g(1)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(try g.handle.site == .nop)
      try runtime.register(active)
      _ = (f(1), g(1))
      #expect(log.take().count == 2)
    }
  }

  @Test("row 29: registering twice fails and changes nothing", arguments: RecordingMode.allCases)
  func registerTwice(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      let (a, b) = (log.ops("a"), log.ops("b"))
      try runtime.register(a)
      try runtime.register(b)
      let (statistics, sites) = (runtime.statistics, runtime.sites)
      for ops in [a, b, a] {
        #expect { try runtime.register(ops) } throws: { error in
          if case FtraceError.alreadyRegistered(ops.name) = error { true } else { false }
        }
      }
      #expect(runtime.statistics == statistics)
      #expect(runtime.sites == sites)
      #expect(runtime.registeredOps.map(\.name) == ["b", "a"])
      for _ in 0..<3 {
        #expect(f(1) == 2)
        #expect(log.take().map(\.ops) == ["b", "a"])
      }
      try runtime.unregister(a)
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["b"])
    }
  }

  @Test(
    "rows 30, 31: off makes every site a NOP and keeps the ops, on calls the same ones once",
    arguments: RecordingMode.allCases)
  func offAndOn(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(10)
      for f in functions { _ = f(1) }
      let log = CallLog()
      let shared = [log.ops("a"), log.ops("b")]
      let filtered = log.ops("own", filter: TraceFilter(trace: ["f3"]))
      for ops in shared + [filtered] { try runtime.register(ops) }
      let before = runtime.statistics.stops
      try runtime.setEnabled(false)
      #expect(!runtime.isEnabled)
      #expect(runtime.statistics.stops == before + 1)
      for f in functions { #expect(try f.handle.site == .nop) }
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.stub))
      #expect(runtime.registeredOps.map(\.name) == ["own", "b", "a"])
      #expect(runtime.statistics.registeredOps == 3)
      for f in functions { _ = f(1) }
      let unseen = try runtime.adder("emitted while off", 1)
      #expect(unseen(1) == 2)
      #expect(log.take().isEmpty)

      try runtime.setEnabled(true)
      #expect(runtime.statistics.stops == before + 2)
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.recordIP))
      for (number, f) in functions.enumerated() {
        #expect(f(1) == 1 + number)
        #expect(log.take().map(\.ops) == (number == 3 ? ["own", "b", "a"] : ["b", "a"]))
      }
      #expect(unseen(1) == 2)
      #expect(log.take().map(\.ops) == ["b", "a"])
    }
  }

  @Test(
    "rows 31, 32: an ops that is registered while tracing is off is called once it is on",
    arguments: RecordingMode.allCases)
  func registeredWhileOff(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      try runtime.forceUpdate()
      let log = CallLog()
      let (a, b) = (log.ops("a"), log.ops("b"))
      // Hazard 1: off, register, on.
      try runtime.setEnabled(false)
      #expect(try runtime.register(a) == .inactive)
      #expect(f(1) == 2)
      #expect(log.entries.isEmpty)
      try runtime.setEnabled(true)
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["a"])
      // Hazard 3: the second one, likewise.
      try runtime.setEnabled(false)
      #expect(try runtime.register(b) == .inactive)
      try runtime.setEnabled(true)
      #expect(f(1) == 2)
      #expect(log.take().map(\.ops) == ["b", "a"])
      try runtime.unregister(b)
      // Hazard 2: off, unregister A, register B, on: B alone.
      try runtime.setEnabled(false)
      try runtime.unregister(a)
      #expect(try runtime.register(b) == .inactive)
      try runtime.setEnabled(true)
      for _ in 0..<3 { #expect(f(1) == 2) }
      #expect(log.take().map(\.ops) == ["b", "b", "b"])
      // And the last one gone while off.
      try runtime.setEnabled(false)
      try runtime.unregister(b)
      try runtime.setEnabled(true)
      #expect(f(1) == 2)
      #expect(log.take().isEmpty)
      #expect(try f.handle.site == .nop)
      #expect(try runtime.callerTarget == .call(runtime.stubAddresses.stub))
    }
  }

  @Test("row 32: a failure between callee and sites leaves nothing half done", arguments: RecordingMode.allCases)
  func halfDone(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      try runtime.forceUpdate()
      let log = CallLog()
      try runtime.setEnabled(false)
      try runtime.register(log.ops("a"))
      // The callee of ftrace_caller cannot be written, so nothing that comes after it may be.
      let call = runtime.stubAddresses.callerCall
      let sound = memory(at: call, count: 5)
      runtime.poke([0xE8, 0, 0, 0, 0], at: call)
      #expect(throws: FtraceError.self) { try runtime.setEnabled(true) }
      runtime.poke(sound, at: call)
      #expect(try f.handle.site == .nop)
      #expect(try runtime.mcountTarget == .call(runtime.stubAddresses.stub))
      #expect(runtime.audit().isSound, "code and records differ after an error")
      #expect(!runtime.isEnabled)
      #expect(f(1) == 2)
      #expect(log.entries.isEmpty)
    }
  }

  @Test("row 33: setting the switch to what it is does nothing", arguments: RecordingMode.allCases)
  func sameValue(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      try runtime.register(log.ops("a"))
      _ = f(1)
      for value in [true, false] {
        try runtime.setEnabled(value)
        let (statistics, sites) = (runtime.statistics, runtime.sites)
        try runtime.setEnabled(value)
        #expect(runtime.statistics == statistics)
        #expect(runtime.sites == sites)
      }
    }
  }

  @Test("row 35: registering while sites are pending traces them, and harms none", arguments: RecordingMode.allCases)
  func pendingAtRegistration(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (called, fresh) = (try runtime.adder("called", 1), try runtime.adder("fresh", 2))
      #expect(called(1) == 2)
      let before = runtime.statistics.stops
      let log = CallLog()
      let ops = log.ops("a")
      try runtime.register(ops)
      #expect(runtime.statistics.stops == before + 1)
      #expect(runtime.statistics.pending == 0)
      #expect(try called.handle.site == .call(runtime.stubAddresses.caller))
      #expect(called(1) == 2)
      #expect(log.take().map(\.ip) == [try called.handle.entry])
      #expect(runtime.quarantinedSites.isEmpty)
      // Not yet called: delivered all the same, and not poisoned by the unregistration that follows.
      #expect(fresh(1) == 3)
      try runtime.unregister(ops)
      #expect(try fresh.handle.site == .nop)
      try runtime.register(ops)
      #expect(log.take().count == 1)
      _ = (called(1), fresh(1))
      #expect(log.take().map(\.ip) == [try called.handle.entry, try fresh.handle.entry])
      #expect(runtime.quarantinedSites.isEmpty)
    }
  }

  @Test(
    "row 36: the first call of a function is delivered exactly once while tracing", arguments: RecordingMode.allCases)
  func firstCallWhileTracing(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let log = CallLog()
      let ops = [
        log.ops("a"), log.ops("own", filter: TraceFilter(trace: ["f*"])),
        log.ops("other", filter: TraceFilter(trace: ["x"])),
      ]
      for one in ops { try runtime.register(one) }
      let f = try runtime.adder("f", 1)
      for _ in 0..<3 {  // the first call, and those before the tick
        #expect(f(1) == 2)
        #expect(log.take().map(\.ops) == ["own", "a"])
      }
      try runtime.advanceDaemonClock(by: .seconds(1))
      guard case .call(let trampoline) = try f.handle.site else {
        Issue.record("the site is not a call after the tick")
        return
      }
      #expect(trampoline != runtime.stubAddresses.mcount)
      for _ in 0..<3 {
        #expect(f(1) == 2)
        #expect(log.take().map(\.ops) == ["own", "a"])
      }
      let g = try runtime.adder("f2", 1)
      #expect(g(1) == 2)
      for one in ops { try runtime.unregister(one) }
      #expect(log.take().map(\.ops) == ["own", "a"])
      _ = (f(1), g(1))
      #expect(log.take().isEmpty)
      for one in ops { try runtime.register(one) }
      _ = (f(1), g(1))
      #expect(log.take().map(\.ops) == ["own", "a", "own", "a"])
      #expect(runtime.quarantinedSites.isEmpty)
    }
  }
}
