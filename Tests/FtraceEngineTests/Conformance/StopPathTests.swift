import Ftrace
import FtraceTestSupport
import Testing

/// The ways by which workers come to a stop, and sites that conversions pass over.
@Suite struct StopPathTests {
  @Test("a frame larger than what is left of the stack is refused before it is used")
  func largeFrame() async {
    let result = await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
      let runtime = try TraceRuntime(testConfiguration())
      // Each step is larger than the reserve below the limit, and than any guard page.
      let deep = try runtime.define("deep", as: (() -> Void).self) { f in
        f.entrySite()
        f.prologue(locals: 1 << 20)
        f.mov(.qword, f.local(0), 1)
        f.callSelf()
        f.functionReturn()
      }
      deep()
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("stack exhausted"))
  }

  @Test("a large frame that meets a stop waits for it and goes on", arguments: RecordingMode.allCases)
  func largeFrameInStop(mode: RecordingMode) throws {
    try withRuntime(mode, .set(\.stopGrace, nil)) { runtime in
      let large = try runtime.define("large", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(locals: 100_000)
        f.mov(f.local(0), .rdi)
        f.mov(.rax, f.local(0))
        f.inc(.rax)
        f.functionReturn()
      }
      let loop = try runtime.define("loop", as: ((UInt) -> Int).self) { f in
        f.prologue(saving: [.rbx])
        f.mov(.rbx, .rdi)
        let again = f.here("again")
        f.mov(.base(.rbx, 8), .rbx)
        f.mov(.edi, 6)
        f.call(large)  // the only place where it can be stopped
        f.cmp(.qword, .base(.rbx), 0)
        f.j(.e, again)
        f.functionReturn()
      }
      let (stop, result) = (PollingLoop(), Counter())
      let ops = TraceOps(name: "ops") { _ in }
      try beside(
        { result.add(stop.run(loop)) },
        meanwhile: {
          defer { stop.stop() }
          stop.waitUntilRunning()
          for _ in 0..<20 {
            try runtime.register(ops)
            try runtime.unregister(ops)
          }
        })
      #expect(result.count == 7)
    }
  }

  @Test("where pages toggle, workers enter, poll and leave while the inner calls are written")
  func slowStubsKeepTheirPage() async {
    // In a process of its own: a worker that comes to a page which is not executable ends it.
    await #expect(processExitsWith: .success) {
      var configuration = testConfiguration()
      configuration.mapping = .toggling
      let runtime = try TraceRuntime(configuration)
      let page = { (address: UInt) in address / 4096 }
      let stubs = runtime.stubAddresses
      for slow in runtime.slowStubAddresses {
        #expect(![page(stubs.mcountCall), page(stubs.callerCall)].contains(page(slow)))
      }
      let (f, poller) = (try runtime.adder("f", 1), try runtime.poller("poller"))
      let (stop, done, wrong) = (PollingLoop(), Flag(), Counter())
      let ops = TraceOps(name: "ops") { _ in }
      try beside(
        {
          onThreads(3) { number in
            if number == 0 {
              _ = stop.run(poller)
            } else {
              while !done.isSet { if f(1) != 2 { wrong.add() } }
            }
          }
        },
        meanwhile: {
          defer {
            stop.stop()
            done.set()
          }
          stop.waitUntilRunning()
          for _ in 0..<100 {
            try runtime.register(ops)
            try runtime.unregister(ops)
          }
        })
      #expect(wrong.count == 0)
    }
  }

  @Test(
    "exits are born as NOPs and stay so while nobody wants them, recorded or not", arguments: RecordingMode.allCases)
  func exits(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0x00, 0x00]
      // lea rax, [rdi + 1]; padding; the exit; ret. The image leaves a call there, which must not survive.
      let bytes = nop + [0x48, 0x8D, 0x47, 0x01] + Array(repeating: 0x90, count: 8) + [0xE8, 0, 0, 0, 0, 0xC3]
      let handle = try runtime.importFunction(
        "f", bytes: bytes, sites: [(offset: 0, kind: .entry), (offset: 17, kind: .exit)],
        signature: Signature([.int64], returning: .int64))
      let f = try runtime.typed(handle, as: ((Int) -> Int).self)
      let exit = try handle.entry + 17
      let log = CallLog()
      let ops = [log.ops("shared"), log.ops("own", filter: TraceFilter(trace: ["f"]))]
      func check(_ when: Comment) throws {
        #expect(memory(at: exit, count: 5) == nop, when)
        #expect(f(1) == 2, when)
        #expect(runtime.statistics.records <= 1, when)
        #expect(runtime.audit().isSound, when)
      }
      try check("emitted")
      try runtime.forceUpdate()
      for one in ops {
        try runtime.register(one)
        try check("traced")
      }
      #expect(log.take().map(\.ops) == ["shared", "own", "shared"])
      for one in ops { try runtime.unregister(one) }
      try check("off")
      try runtime.free(handle)
      #expect(runtime.statistics.records == 0)
    }
  }

  @Test("a pending site that is quarantined and then goes gives its record back once")
  func quarantinedPending() throws {
    try withRuntime(alone: true) { runtime in
      let f = try runtime.adder("doomed", 1)
      let entry = try f.handle.entry
      let sound = memory(at: entry, count: 5)
      _ = f(1)
      #expect(runtime.statistics.pending == 1)
      runtime.poke([0x0F, 0x1F, 0x44, 0x00, 0x01], at: entry)
      try runtime.forceUpdate()
      #expect(runtime.quarantinedSites.map(\.function) == ["doomed"])
      #expect(runtime.statistics.pending == 0)
      runtime.poke(sound, at: entry)
      // Sound again: it waits for conversion as before, once.
      #expect(runtime.audit(releasing: true).released.count == 1)
      #expect(try f.handle.site == .nop)
      runtime.poke([0x0F, 0x1F, 0x44, 0x00, 0x01], at: entry)
      let ops = TraceOps(name: "ops") { _ in }
      try runtime.register(ops)
      #expect(runtime.quarantinedSites.count == 1)

      // And one that goes from quarantine without ever having been converted.
      let g = try runtime.adder("other", 1)
      let other = try g.handle.entry
      _ = g(1)
      runtime.poke([0x0F, 0x1F, 0x44, 0x00, 0x01], at: other)
      try runtime.forceUpdate()
      #expect(runtime.quarantinedSites.count == 2)
      for function in [f.handle, g.handle] { try runtime.free(function) }
      #expect(runtime.quarantinedSites.isEmpty)
      #expect(runtime.statistics.pending == 0)
      #expect(runtime.statistics.records == 0)
      // The free list is whole: as many can be taken, and each once.
      let functions = try runtime.adders(10)
      for f in functions { _ = f(1) }
      #expect(runtime.statistics.pending == 10)
      try runtime.forceUpdate()
      #expect(runtime.statistics.records == 10)
      #expect(runtime.sites.allSatisfy { $0.isSound })
    }
  }
}
