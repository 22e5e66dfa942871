import Ftrace
import FtraceTestSupport
import Testing

@Suite struct FreeManyTests {
  private func names(_ errors: [FtraceError?]) -> [String] { errors.map { $0.map { "\($0)" } ?? "freed" } }

  @Test("many functions go in one stop, each by itself", arguments: RecordingMode.allCases)
  func flat(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(100)
      for f in functions { _ = f(1) }
      let caller = try runtime.forwarder("caller", to: functions[7])
      try runtime.free(functions[3].handle)
      let before = runtime.statistics
      let errors = try runtime.free(functions.map(\.handle))
      #expect(runtime.statistics.stops == before.stops + 1)
      #expect(errors.count == 100)
      for (number, error) in errors.enumerated() {
        switch (number, error) {
        case (3, .functionFreed("f3")?): break
        case (7, .stillCalled("f7", callers: ["caller"])?): break
        default: #expect(error == nil, "f\(number)")
        }
      }
      #expect(runtime.functionNames == ["caller", "f7"])
      #expect(caller(1) == 8)
    }
  }

  @Test("callers go before those that they call, and a circle takes force", arguments: RecordingMode.allCases)
  func callers(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      var chain = [try runtime.adder("f0", 1)]
      for number in 1..<4 { chain.append(try runtime.forwarder("f\(number)", to: chain[number - 1])) }
      for f in chain { #expect(f(1) == 2) }
      // Whatever the order of the list.
      #expect(names(try runtime.free([2, 0, 3, 1].map { chain[$0].handle })) == Array(repeating: "freed", count: 4))
      #expect(runtime.functionNames.isEmpty)

      let even = try runtime.declare("even")
      let odd = try runtime.define("odd") { f throws(AssemblerError) in
        f.entrySite()
        f.call(slot: even.symbol)
        f.ret()
      }
      _ = try runtime.define("even") { f throws(AssemblerError) in
        f.entrySite()
        f.call(slot: odd.symbol)
        f.ret()
      }
      let refused = try runtime.free([even, odd])
      #expect(
        names(refused)
          == [
            "\(FtraceError.stillCalled("even", callers: ["odd"]))",
            "\(FtraceError.stillCalled("odd", callers: ["even"]))",
          ])
      #expect(even.isLive && odd.isLive)
      let before = runtime.statistics.stops
      #expect(names(try runtime.free([even, odd], force: true)) == ["freed", "freed"])
      #expect(runtime.statistics.stops == before + 1)
    }
  }

  @Test("a callee stays while its caller, gone itself, is still in use", arguments: RecordingMode.allCases)
  func runningCaller(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let leaf = try runtime.adder("leaf", 1)
      let stop = PollingLoop()
      let loop = try runtime.define("loop", as: ((UInt) -> Int).self) { f in
        f.entrySite()
        f.prologue(saving: [.rbx])
        f.mov(.rbx, .rdi)
        let again = f.here("again")
        f.mov(.base(.rbx, 8), .rbx)
        f.poll()
        f.mov(.edi, 6)
        f.call(leaf)
        f.cmp(.qword, .base(.rbx), 0)
        f.j(.e, again)
        f.functionReturn()
      }
      let result = Counter()
      try beside(
        { result.add(stop.run(loop)) },
        meanwhile: {
          defer { stop.stop() }
          stop.waitUntilRunning()
          let errors = try runtime.free([loop.handle, leaf.handle])
          #expect(errors[0] == nil)
          guard case .stillCalled("leaf", let callers)? = errors[1] else {
            Issue.record("freed under its caller")
            return
          }
          #expect(callers == ["loop (an earlier body, still running)"])
        })
      #expect(result.count == 7)
      #expect(names(try runtime.free([leaf.handle])) == ["freed"])
    }
  }

  @Test(
    "what is freed after a kill is reclaimed, and no site is written", arguments: RecordingMode.allCases, [false, true])
  func afterKill(mode: RecordingMode, restoring: Bool) throws {
    try withRuntime(mode, alone: true) { runtime in
      // The last ten are large, so that it shows when they go.
      let functions = try (0..<20).map { number in
        try runtime.define("f\(number)", as: ((Int) -> Int).self) { f in
          f.addsToArgument(Int32(number))
          if number >= 10 { f.nop(4_096) }
        }
      }
      for f in functions { _ = f(1) }
      let log = CallLog()
      let ops = log.ops("ops", filter: TraceFilter(trace: ["f1*"]))
      try runtime.register(ops)
      try runtime.kill(restoringSites: restoring)
      let size = runtime.arenaStatistics.liveBytes
      let written = runtime.statistics.sitesWritten
      #expect(names(try runtime.free(functions[10...].map(\.handle))) == Array(repeating: "freed", count: 10))
      try runtime.reclaim()
      #expect(runtime.arenaStatistics.liveBytes < size - 40_000)
      #expect(runtime.arenaStatistics.retiredBytes == 0)
      #expect(runtime.statistics.sitesWritten == written)
      // The places are used again, by functions that are not traced.
      _ = log.take()
      let new = try runtime.adders(10, prefix: "f1new")
      for (number, f) in new.enumerated() { #expect(f(1) == 1 + number) }
      if mode == .atEmission || restoring { #expect(log.take().isEmpty) }
      try runtime.unregister(ops)
      #expect(functions[..<10].map { $0(1) } == Array(1...10))
      for f in new { _ = f(1) }
      if restoring || mode == .atEmission { #expect(log.take().isEmpty) }
    }
  }
}
