import Ftrace
import FtraceTestSupport
import Glibc
import Testing

/// Emitted code that outsiders call, while tracing is switched on and off all the time.
@Suite struct GateTests {
  /// Registers and unregisters until `done`; counts rounds.
  private func patchUntil(_ done: Flag, _ runtime: TraceRuntime, _ ops: TraceOps) throws -> Int {
    var rounds = 0
    repeat {
      try runtime.register(ops)
      if rounds % 3 == 0 {
        try runtime.setEnabled(false)
        try runtime.setEnabled(true)
      }
      try runtime.unregister(ops)
      rounds += 1
    } while !done.isSet
    return rounds
  }

  @Test("a comparison for qsort", arguments: RecordingMode.allCases)
  func sorting(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let compare = unsafe try runtime.define("compare", as: ((UnsafeRawPointer, UnsafeRawPointer) -> Int32).self) {
        f in
        f.entrySite()
        f.prologue()
        f.mov(.rcx, .base(.rdi))
        f.xor(.eax, .eax)
        f.xor(.edx, .edx)
        f.cmp(.rcx, .base(.rsi))
        f.set(.g, .al)
        f.set(.l, .dl)
        f.sub(.eax, .edx)
        f.functionReturn()
      }
      // Safe: the gate of a function of this type; its handle lives.
      let gate = unsafe unsafeBitCast(
        try compare.handle.gate(), to: (@convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32).self)
      let (done, calls) = (Flag(), Counter())
      let ops = TraceOps(name: "ops", filter: TraceFilter(functions: ["compare"])) { _ in calls.add() }
      let rounds = try beside(
        {
          var generator = SeededGenerator(seed: 0x5057)
          for _ in 0..<5 {
            var numbers = (0..<5_000).map { _ in Int.random(in: -1_000_000...1_000_000, using: &generator) }
            let sorted = numbers.sorted()
            // Safe: the array's own buffer and its count.
            unsafe numbers.withUnsafeMutableBytes { unsafe qsort($0.baseAddress!, 5_000, 8, gate) }
            if numbers != sorted { Issue.record("not sorted") }
          }
          done.set()
        }, meanwhile: { try patchUntil(done, runtime, ops) })
      #expect(rounds > 0)
      #expect(runtime.quarantinedSites.isEmpty)
    }
  }

  @Test("the start routine of a foreign thread", arguments: RecordingMode.allCases)
  func threads(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let leaf = try runtime.adder("leaf", 1)
      // void *start(void *n): n times leaf, returns the sum.
      let start = try runtime.define("start", as: ((UInt) -> UInt).self) { f in
        f.entrySite()
        f.prologue(saving: [.rbx, .r12])
        f.mov(.rbx, .rdi)
        f.xor(.r12d, .r12d)
        let loop = f.here("loop")
        f.mov(.rdi, .r12)
        f.call(leaf)
        f.mov(.r12, .rax)
        f.poll()
        f.cmp(.r12, .rbx)
        f.j(.b, loop)
        f.mov(.rax, .r12)
        f.functionReturn()
      }
      typealias Start = @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
      let gate = unsafe unsafeBitCast(try start.handle.gate(), to: Start.self)
      let (done, calls) = (Flag(), Counter())
      let ops = TraceOps(name: "ops") { _ in calls.add() }
      let rounds = try beside(
        {
          for _ in 0..<10 {
            var threads = [pthread_t](repeating: 0, count: 3)
            for index in threads.indices {
              let number = unsafe UnsafeMutableRawPointer(bitPattern: 3_000 + index)
              if unsafe pthread_create(&threads[index], nil, gate, number) != 0 { Issue.record("no thread") }
            }
            for index in threads.indices {
              var result: UnsafeMutableRawPointer?
              unsafe pthread_join(threads[index], &result)
              if UInt(bitPattern: result) != UInt(3_000 + index) { Issue.record("a wrong sum") }
            }
          }
          done.set()
        }, meanwhile: { try patchUntil(done, runtime, ops) })
      #expect(rounds > 0)
      #expect(runtime.quarantinedSites.isEmpty)
      // All calls are seen when nothing changes meanwhile.
      let exact = Counter()
      let counting = TraceOps(name: "exact") { _ in exact.add() }
      try runtime.register(counting)
      var thread = pthread_t()
      unsafe pthread_create(&thread, nil, gate, UnsafeMutableRawPointer(bitPattern: 500))
      pthread_join(thread, nil)
      #expect(exact.count == 501)
      try runtime.unregister(counting)
    }
  }

  @Test("a gate hands on arguments on the stack and results of all kinds", arguments: RecordingMode.allCases)
  func arguments(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      typealias F = (Int, Int, Int, Int, Int, Int, Int, Int, Double) -> Double
      let f = try runtime.define("f", as: F.self) { f in
        f.entrySite()
        f.prologue()
        f.imul(.rdi, f.stackArgument(0))
        f.add(.rdi, f.stackArgument(8))
        f.cvtsi2sd(.xmm1, .rdi)
        f.addsd(.xmm0, .xmm1)
        f.functionReturn()
      }
      typealias Gate = @convention(c) (Int, Int, Int, Int, Int, Int, Int, Int, Double) -> Double
      let gate = unsafe unsafeBitCast(try f.handle.gate(), to: Gate.self)
      try runtime.register(TraceOps(name: "ops") { _ in })
      for _ in 0..<3 { #expect(gate(6, 0, 0, 0, 0, 0, 7, 100, 0.5) == 142.5) }
    }
  }
}
