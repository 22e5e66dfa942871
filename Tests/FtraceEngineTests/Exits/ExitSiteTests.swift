import Ftrace
import FtraceTestSupport
import FtraceX86Assembler
import Testing

/// Exit sites are patched as entries are, from the `FunctionBuilder`'s returns and tail jumps.
@Suite struct ExitSiteTests {
  @Test(
    "a callback sees both ends of each call, in order, and the exits of those that return only",
    arguments: RecordingMode.allCases)
  func bothEnds(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let inner = try runtime.adder("inner", 1)
      let outer = try runtime.forwarder("outer", to: inner)
      let seen = CallLog()
      let ops = seen.ops("ends", ends: .both)
      // Before the first call, so that the first entry is handed on by the recorder.
      try runtime.register(ops)
      #expect(outer(1) == 2)
      #expect(outer(1) == 2)
      let names = seen.entries.map { (runtime.name(of: $0.ip), $0.end == .entry) }
      let expected = [("outer", true), ("inner", true), ("inner", false), ("outer", false)]
      #expect(names.count == 8)
      for (index, name) in names.enumerated() { #expect(name == expected[index % 4]) }
      try runtime.unregister(ops)
      #expect(runtime.sites.filter { $0.kind == .exit }.allSatisfy { $0.state == .nop && $0.isSound })
      #expect(outer(1) == 2)
      #expect(seen.entries.count == 8)
    }
  }

  @Test("exits follow filter, switch and redefinition as entries do", arguments: RecordingMode.allCases)
  func states(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let a = try runtime.adder("a", 1)
      let b = try runtime.adder("b", 2)
      _ = (a(0), b(0))
      let seen = CallLog()
      let ops = seen.ops("exits", filter: TraceFilter(trace: ["a"]), ends: .exit)
      try runtime.register(ops)
      _ = (a(0), b(0))
      #expect(seen.entries.map { runtime.name(of: $0.ip) } == ["a"])
      #expect(seen.entries.allSatisfy { $0.end == .exit })
      try runtime.setFilter(TraceFilter(trace: ["b"]), of: ops)
      _ = (a(0), b(0))
      #expect(seen.entries.map { runtime.name(of: $0.ip) } == ["a", "b"])
      try runtime.setEnabled(false)
      _ = (a(0), b(0))
      #expect(seen.entries.count == 2)
      try runtime.setEnabled(true)
      try runtime.redefine(b.handle) { $0.addsToArgument(7) }
      #expect(b(0) == 7)
      #expect(seen.entries.count == 3)
      #expect(runtime.audit().isSound)
      try runtime.unregister(ops)
      #expect(runtime.sites.filter { $0.kind == .exit }.allSatisfy { $0.state == .nop })
    }
  }

  @Test(
    "what exit sites call stays as long as they call it, and a commit for others does not change them",
    arguments: RecordingMode.allCases)
  func kept(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let other = try runtime.adder("other", 1)
      _ = (f(1), other(1))
      let seen = CallLog()
      let ops = seen.ops("exits", filter: TraceFilter(trace: ["f"]), ends: .exit)
      let tracer = FunctionGraphTracer()
      try runtime.register(ops)
      try tracer.start(in: runtime, filter: TraceFilter(trace: ["f"]))
      func states() -> [SiteReport] { runtime.sites.filter { $0.function == "f" } }
      let before = states()
      // Each makes a stop, after which what was retired is used again.
      for round in 0..<8 {
        try runtime.reclaim()
        _ = try runtime.adders(50, prefix: "filler\(round)_")
        #expect(f(round) == round + 1)
      }
      let written = runtime.statistics.sitesWritten
      let third = seen.ops("third", filter: TraceFilter(trace: ["other"]))
      try runtime.register(third)
      #expect(runtime.statistics.sitesWritten == written + 1)
      #expect(states() == before)
      #expect(seen.entries.count == 8)
      #expect(try tracer.stop().counts() == GraphTrace.Counts(entries: 8, exits: 8))
      try runtime.unregister(ops)
      try runtime.unregister(third)
      #expect(runtime.audit().isSound)
    }
  }

  @Test(
    "a tail call has an exit before its jump: the callee's entry comes after the caller's exit",
    arguments: RecordingMode.allCases)
  func tailCall(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let callee = try runtime.adder("callee", 5)
      let f = try runtime.define("f", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(saving: [.rbx])
        f.mov(.rbx, .rdi)
        f.tailCall(slot: callee.handle.symbol)
      }
      let seen = CallLog()
      let ops = seen.ops("ends", ends: .both)
      try runtime.register(ops)
      #expect(f(1) == 6)
      let names = seen.entries.map { (runtime.name(of: $0.ip), $0.end == .entry) }
      let expected = [("f", true), ("f", false), ("callee", true), ("callee", false)]
      #expect(names.count == 4)
      for (name, wanted) in zip(names, expected) { #expect(name == wanted) }
      try runtime.unregister(ops)
    }
  }

  @Test(
    "an exit site that was overwritten is quarantined, and the other sites of the function are traced",
    arguments: RecordingMode.allCases)
  func quarantine(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(0)
      try runtime.forceUpdate()
      let exit = try #require(runtime.sites.first { $0.kind == .exit })
      // Three NOPs in the place of one: harmless, and not what the record says.
      try runtime.overwriteSite(at: exit.ip, with: [0x66, 0x90, 0x0F, 0x1F, 0x00])
      let seen = CallLog()
      let ops = seen.ops("ends", ends: .both)
      try runtime.register(ops)
      #expect(runtime.quarantinedSites.map(\.ip) == [exit.ip])
      #expect(f(0) == 1)
      #expect(seen.entries.map(\.end) == [.entry])
      try runtime.overwriteSite(at: exit.ip, with: exit.bytes)
      #expect(runtime.audit(releasing: true).released.map(\.ip) == [exit.ip])
      #expect(f(0) == 1)
      #expect(seen.entries.map(\.end) == [.entry, .entry, .exit])
      try runtime.unregister(ops)
    }
  }

  @Test("a raw return is reported, and none of the builder's", arguments: RecordingMode.allCases)
  func rawReturns(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      _ = try runtime.adder("sound", 1)
      #expect(runtime.untracedReturns.isEmpty)
      let raw = try runtime.define("raw", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, 2))
        f.ret()
      }
      #expect(raw(1) == 3)
      let found = runtime.untracedReturns
      #expect(found.map(\.function) == ["raw"])
      #expect(memory(at: try #require(found.first).ip, count: 1) == [0xC3])
      try runtime.free(raw.handle)
      #expect(runtime.untracedReturns.isEmpty)
      // Jumps to other functions are ways out as well; with an exit site they are tail calls.
      let sound = try runtime.function(named: "sound")
      _ = try runtime.define("jumps") { f in
        f.entrySite()
        f.jmp(slot: sound.symbol)
      }
      _ = try runtime.define("tail") { f in
        f.entrySite()
        f.prologue()
        f.tailCall(slot: sound.symbol)
      }
      #expect(runtime.untracedReturns.map(\.function) == ["jumps"])
    }
  }
}
