import Ftrace
import FtraceTestSupport
import Testing

@Suite struct RedefinitionTests {
  @Test(
    "a new body is run by handle, by name, from emitted code and through the gate", arguments: RecordingMode.allCases)
  func everyWay(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let caller = try runtime.forwarder("caller", to: f)
      typealias Gate = @convention(c) (Int) -> Int
      // Safe: the gate of a function of this type, whose handle lives.
      let gate = unsafe unsafeBitCast(try f.handle.gate(), to: Gate.self)
      let log = CallLog()
      try runtime.register(log.ops("ops", filter: TraceFilter(functions: ["f"])))
      for number in 1...20 {
        let byName = try runtime.typed(try runtime.function(named: "f"), as: ((Int) -> Int).self)
        #expect([f(1), byName(1), caller(1), gate(1)] == Array(repeating: 1 + number, count: 4))
        #expect(Set(log.take().map(\.ip)) == [try f.handle.entry])
        try runtime.redefine(f.handle) { $0.addsToArgument(Int32(number + 1)) }
      }
    }
  }

  @Test("a function that is replaced while it runs finishes in its old body", arguments: RecordingMode.allCases)
  func replacesItself(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let (box, own) = (Late((runtime, f)), Late<FunctionHandle>())
      defer {
        box.clear()
        own.clear()
      }
      let replace = try runtime.hostFunction("replace") { (number: Int) -> Void in
        let (runtime, f) = box.value
        do { try runtime.redefine(f.handle) { $0.addsToArgument(Int32(number)) } } catch { Issue.record("\(error)") }
      }
      // Calls f, replaces it from within, and calls it again: f(10) + f(10).
      try runtime.redefine(f.handle) { f in f.addsToArgument(1) }
      let twice = try runtime.define("twice", as: ((Int) -> Int).self) { b in
        b.entrySite()
        b.prologue(saving: [.rbx])
        b.mov(.rbx, .rdi)
        b.mov(.edi, 10)
        b.call(f)
        b.xchg(.rax, .rbx)
        b.mov(.rdi, .rax)
        b.call(replace)
        b.mov(.edi, 10)
        b.call(f)
        b.add(.rax, .rbx)
        b.functionReturn()
      }
      #expect(twice(5) == 11 + 15)
      #expect(twice(7) == 15 + 17)

      // And the running function itself.
      own.set(try runtime.declare("own", signature: Signature([.int64], returning: .int64)))
      let replaceOwn = try runtime.hostFunction("replace own") { () -> Void in
        do {
          let runtime = box.value.0
          try runtime.redefine(own.value) { $0.addsToArgument(100) }
          for _ in 0..<3 { try runtime.reclaim() }
        } catch { Issue.record("\(error)") }
      }
      _ = try runtime.define("own", signature: Signature([.int64], returning: .int64)) { f in
        f.entrySite()
        f.prologue(saving: [.rbx])
        f.mov(.rbx, .rdi)
        f.call(replaceOwn)
        f.lea(.rax, .base(.rbx, 1))
        f.functionReturn()
      }
      let typed = try runtime.typed(own.value, as: ((Int) -> Int).self)
      #expect(typed(1) == 2)
      #expect(typed(1) == 101)
    }
  }

  @Test(
    "while a worker loops, a thousand registrations and a thousand functions come and go, and the code does not grow",
    arguments: RecordingMode.allCases)
  func besideLoop(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let (loop, loops) = (PollingLoop(), Counter())
      let poller = try runtime.poller("poller")
      let caller = try runtime.adder("caller", 1)
      let calls = Counter()
      let ops = TraceOps(name: "ops") { _ in calls.add() }
      try beside(
        { loops.add(loop.run(poller)) },
        meanwhile: {
          defer { loop.stop() }
          loop.waitUntilRunning()
          func rounds(_ count: Int) throws {
            // From 200 on, for all bodies to be of one size: a displacement of one byte does not hold these.
            for round in 200..<200 + count {
              try runtime.register(ops)
              let f = try runtime.adder("f", Int32(round))
              #expect(f(1) == 1 + round)
              try runtime.unregister(ops)
              try runtime.redefine(caller.handle) { $0.addsToArgument(Int32(round)) }
              #expect(caller(1) == 1 + round)
              try runtime.free(f.handle)
            }
            for _ in 0..<2 { try runtime.reclaim() }
          }
          try rounds(50)
          let before = runtime.arenaStatistics
          try rounds(1_000)
          let after = runtime.arenaStatistics
          #expect(after.liveBytes <= before.liveBytes)
          #expect(after.retiredBytes <= before.retiredBytes)
          #expect(after.peakBytes <= before.peakBytes * 2)
          #expect(after.slots <= before.slots)
          #expect(after.dataBytes <= before.dataBytes)
        })
      #expect(calls.count == 1_050)
      #expect(loops.count > 0)
      #expect(runtime.statistics.timeouts == 0)
    }
  }

  @Test("redefining alone does not make the code grow", arguments: RecordingMode.allCases)
  func redefineOnly(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 0)
      func rounds(_ count: Int) throws {
        for number in 0..<count {
          try runtime.redefine(f.handle) { $0.addsToArgument(Int32(number)) }
          if number % 3 == 0 { #expect(f(1) == 1 + number) }
        }
      }
      try rounds(1_000)
      let before = runtime.arenaStatistics
      try rounds(3_000)
      #expect(runtime.arenaStatistics.peakBytes <= before.peakBytes * 5 / 4)
      #expect(runtime.statistics.records <= 400)
      try runtime.reclaim()
      try runtime.reclaim()
      #expect(runtime.statistics.records <= 1)
      #expect(runtime.arenaStatistics.retiredBytes == 0)
    }
  }

  @Test("calls of functions that were freed or never defined trap with the name", arguments: RecordingMode.allCases)
  func traps(mode: RecordingMode) async {
    var result = await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
      [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let callee = try runtime.adder("the callee", 1)
      let caller = try runtime.forwarder("caller", to: callee)
      #expect(caller(1) == 2)
      try runtime.free(callee.handle, force: true)
      for _ in 0..<3 { try runtime.reclaim() }
      _ = caller(1)
    }
    #expect(text(result).contains("'the callee', which has been freed"))

    result = await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
      [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let f = try runtime.adder("by handle", 1)
      #expect(f(1) == 2)
      try runtime.free(f.handle)
      for _ in 0..<3 { try runtime.reclaim() }
      _ = f(1)
    }
    #expect(text(result).contains("'by handle', which has been freed"))

    result = await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
      [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let declared = try runtime.declare("not there yet", signature: Signature([.int64], returning: .int64))
      _ = try runtime.typed(declared, as: ((Int) -> Int).self)(1)
    }
    #expect(text(result).contains("'not there yet', which has no body yet"))

    result = await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
      [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let endless = try runtime.define("endless", as: (() -> Void).self) { f in
        f.entrySite()
        f.prologue()
        f.callSelf()
        f.functionReturn()
      }
      endless()
    }
    #expect(text(result).contains("stack exhausted"))
  }

  private func text(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }
}
