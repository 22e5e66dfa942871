import CFtraceShims
import Ftrace
import FtracePlatform
import FtraceTestSupport
import Testing

/// System calls that fail by script, and an arena that is full: whatever fails leaves everything as it was.
@Suite struct FaultTests {
  /// The calls that `body` makes, in order.
  private func calls(_ body: () throws -> Void) rethrows -> [SystemCall] {
    try System.withFaults([]) { script in
      try body()
      return script.records.map(\.call)
    }
  }

  @Test(
    "defining and replacing: a system call that fails leaves everything as it was", arguments: RecordingMode.allCases,
    [CodeArena.Mapping.dual, .toggling])
  func defining(mode: RecordingMode, mapping: CodeArena.Mapping) throws {
    try withRuntime(mode, .set(\.mapping, mapping)) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      /// Large, so that it takes memory from the kernel.
      func large(_ f: FunctionBuilder) {
        f.addsToArgument(2)
        f.nop(1 << 18)
      }
      let made = try calls {
        let large = try runtime.define("large") { large($0) }
        try runtime.free(large)
        try runtime.reclaim()
      }
      #expect(!made.isEmpty)
      for call in Set(made).subtracting([.munmap, .madvise]) {
        for nth in 1...made.count(where: { $0 == call }) {
          let name = Comment(rawValue: "\(call) \(nth)")
          let (before, live) = (try Snapshot(runtime), runtime.arenaStatistics.liveBytes)
          var defined: FunctionHandle?
          try System.withFaults([.fail(call, nth: nth, errno: ENOMEM)]) {
            do { defined = try runtime.define("new") { large($0) } } catch {
              let after = try Snapshot(runtime)
              #expect(after.functions == before.functions, name)
              #expect(runtime.arenaStatistics.liveBytes == live, name)
              #expect(after.statistics == before.statistics, name)
              #expect(after.sites == before.sites, name)
            }
          }
          if let defined { try runtime.free(defined) }
          System.withFaults([.fail(call, nth: nth, errno: ENOMEM)]) {
            do { try runtime.redefine(f.handle) { large($0) } } catch { #expect(f(1) == 2, name) }
          }
          try runtime.redefine(f.handle) { $0.addsToArgument(1) }
          #expect(f(1) == 2, name)
        }
      }
      #expect(runtime.audit().isSound)
    }
  }

  /// Fills the code memory, up to a number of holes of 64 bytes next to each other.
  private func fill(_ runtime: TraceRuntime, holes: Int) throws {
    var image = FunctionImage(name: "", bytes: [], sites: [])
    var number = 0
    func define(_ bytes: Int) throws(FtraceError) -> FunctionHandle {
      image.name = "filler\(number)"
      image.bytes = [UInt8](repeating: 0xCC, count: bytes)
      number += 1
      return try runtime.define(image)
    }
    let hole = holes > 0 ? try define(holes * 64) : nil
    for bytes in [4096, 256, 64, 16] {
      while (try? define(bytes)) != nil {}
    }
    if let hole {
      try runtime.free(hole)
      for _ in 0..<2 { try runtime.reclaim() }
    }
  }

  @Test(
    "registering: out of memory at the n-th allocation leaves everything as it was", arguments: RecordingMode.allCases)
  func registering(mode: RecordingMode) throws {
    var (failures, successes) = (0, 0)
    for holes in 0..<14 {
      try withRuntime(mode, alone: true, .set(\.reservation, 1 << 16)) { runtime in
        let f = try runtime.adder("f", 1)
        let log = CallLog()
        let (a, b) = (log.ops("a"), log.ops("b", filter: TraceFilter(trace: ["f"]), registers: true))
        try runtime.register(a)
        _ = f(1)
        try runtime.forceUpdate()
        try runtime.reclaim()
        try fill(runtime, holes: holes)
        _ = log.take()
        let slots = runtime.arenaStatistics.slots
        do throws(FtraceError) {
          try runtime.register(b)
          successes += 1
          #expect(f(1) == 2)
          #expect(log.take().map(\.ops) == ["b", "a"])
        } catch {
          failures += 1
          guard case .memory = error else { throw error }
          #expect(runtime.registeredOps.map(\.name) == ["a"])
          #expect(f(1) == 2)
          #expect(log.take().map(\.ops) == ["a"])
          #expect(runtime.audit().isSound)
          // What the attempt took comes back.
          for _ in 0..<4 { try runtime.reclaim() }
          #expect(runtime.arenaStatistics.slots == slots)
        }
      }
    }
    #expect(failures > 2)
    #expect(successes > 0)
  }

  @Test("compiled tracers leave a full code memory, one after the other", arguments: RecordingMode.allCases)
  func compiled(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.reservation, 1 << 20)) { runtime in
      let f = try runtime.adder("f", 1)
      let log = CallLog()
      let ops = log.ops("ops", filter: TraceFilter(functions: ["f"]))
      let tracers = [CountTracer(), CountTracer(), CountTracer()]
      for tracer in tracers { try tracer.start(in: runtime, filter: .all) }
      try runtime.register(ops)
      _ = f(1)
      try runtime.forceUpdate()
      try runtime.reclaim()
      try fill(runtime, holes: 0)
      _ = log.take()
      for tracer in tracers {
        _ = try tracer.stop()
        #expect(f(1) == 2)
        #expect(log.take().map(\.ops) == ["ops"])
      }
      try runtime.unregister(ops)
      #expect(f(1) == 2)
      #expect(log.take().isEmpty && runtime.audit().isSound)
    }
  }

  @Test("a full code memory: functions work, can be freed, and make room", arguments: RecordingMode.allCases)
  func full(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.reservation, 1 << 16)) { runtime in
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 2))
      _ = (f(1), g(1))
      try fill(runtime, holes: 0)
      try expectUnchanged(runtime) {
        _ = try runtime.adder("new", 1)
      } fails: {
        if case .memory(.outOfMemory) = $0 { true } else { false }
      }
      try expectUnchanged(runtime) {
        try runtime.redefine(f.handle) { $0.addsToArgument(5) }
      } fails: {
        if case .memory(.outOfMemory) = $0 { true } else { false }
      }
      #expect((f(1), g(1)) == (2, 3))
      // The remedy that the error names.
      for name in runtime.functionNames where name.hasPrefix("filler") {
        do { try runtime.free(try runtime.function(named: name)) } catch {
          Issue.record("\(name) cannot be freed: \(error)")
          break
        }
      }
      for _ in 0..<2 { try runtime.reclaim() }
      let new = try? runtime.adder("new", 1)
      #expect(new?(1) == 2)
    }
  }

  @Test("a full code memory: ops can leave, and tracing can be switched off", arguments: RecordingMode.allCases)
  func fullUnregister(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.reservation, 1 << 16)) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let log = CallLog()
      let ops = (0..<4).map { log.ops("\($0)", filter: $0 % 2 == 0 ? .all : TraceFilter(trace: ["f"])) }
      for one in ops { try runtime.register(one) }
      for _ in 0..<2 { try runtime.reclaim() }
      try fill(runtime, holes: 0)
      try runtime.setEnabled(false)
      #expect(f(1) == 2)
      #expect(log.take().isEmpty)
      for (number, one) in ops.enumerated() {
        do { try runtime.unregister(one) } catch { Issue.record("\(number) cannot leave: \(error)") }
      }
      #expect(runtime.registeredOps.isEmpty)
    }
  }

  @Test("a full code memory: ops can leave from the middle of others", arguments: RecordingMode.allCases)
  func fullUnregisterOfSome(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.reservation, 1 << 16)) { runtime in
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 1))
      _ = (f(1), g(1))
      let log = CallLog()
      let ops = (0..<6).map {
        log.ops("\($0)", filter: $0 % 2 == 0 ? .all : TraceFilter(trace: ["f"]), registers: $0 == 3)
      }
      for one in ops { try runtime.register(one) }
      for _ in 0..<2 { try runtime.reclaim() }
      try fill(runtime, holes: 0)
      var left = Array(ops.indices.reversed())
      for number in [2, 3, 5, 0, 1, 4] {
        do { try runtime.unregister(ops[number]) } catch { Issue.record("\(number) cannot leave: \(error)") }
        left.removeAll { $0 == number }
        #expect(f(1) == 2)
        #expect(log.take().map(\.ops) == left.map(String.init))
        #expect(g(1) == 2)
        #expect(log.take().map(\.ops) == left.filter { $0 % 2 == 0 }.map(String.init))
        // The daemon goes on meanwhile.
        try runtime.advanceDaemonClock(by: .seconds(1))
      }
      #expect(try f.handle.site == .nop)
      #expect(runtime.audit().isSound)
      for _ in 0..<4 { try runtime.reclaim() }
      #expect(runtime.thunksHeldBack == 0)
    }
  }
}
