import Ftrace
import FtraceTestSupport
import Testing

@Suite struct HostFunctionTests {
  private final class Token: Sendable {
    let gone: Flag
    init(_ gone: Flag) { self.gone = gone }
    deinit { gone.set() }
  }

  @Test(
    "closures capture, take arguments of all kinds from registers and the stack, and return",
    arguments: RecordingMode.allCases)
  func kinds(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let seen = Counter()
      let host = try runtime.hostFunction("host") {
        (a: Int8, b: Double, c: UInt16, d: Float, e: Bool, f: Int, g: Int, h: Int, i: UInt32, j: Int64) -> Double in
        seen.add()
        return Double(a) + b + Double(c) + Double(d) + (e ? 1 : 0) + Double(f + g + h) + Double(i) + Double(j)
      }
      typealias F = (Int8, Double, UInt16, Float, Bool, Int, Int, Int, UInt32, Int64) -> Double
      let f = try runtime.define("f", as: F.self) { f in
        f.entrySite()
        f.prologue()
        // Two stack arguments are handed on.
        f.sub(.rsp, 16)
        f.mov(.rax, f.stackArgument(0))
        f.mov(.base(.rsp), .rax)
        f.mov(.rax, f.stackArgument(8))
        f.mov(.base(.rsp, 8), .rax)
        f.call(host)
        f.functionReturn()
      }
      try runtime.register(TraceOps(name: "ops") { _ in })
      for _ in 0..<2 {
        #expect(
          f(-8, 0.5, 65_535, 0.25, true, 1 << 40, -2, 3, .max, -1) == 0.75 - 8 + 65_535 + 1 + Double(1 << 40) + 1
            + Double(UInt32.max) - 1)
      }
      #expect(seen.count == 2)
    }
  }

  @Test("a closure may call emitted code again, of the same runtime and of others", arguments: RecordingMode.allCases)
  func nesting(mode: RecordingMode) throws {
    try withRuntimes(2, mode) { runtimes in
      let leaf = try runtimes[1].adder("leaf", 1)
      let depth = Counter()
      let fib = try runtimes[0].declare("fib", signature: Signature([.int64], returning: .int64))
      let typed = try runtimes[0].typed(fib, as: ((Int) -> Int).self)
      let box = Late(typed)
      defer { box.clear() }
      let host = try runtimes[0].hostFunction("host") { (n: Int) -> Int in
        depth.add()
        return n < 2 ? leaf(n) - 1 : box.value(n - 1) + box.value(n - 2)
      }
      _ = try runtimes[0].define("fib", signature: Signature([.int64], returning: .int64)) { f in
        f.entrySite()
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      let log = CallLog()
      try runtimes[0].register(log.ops("fib"))
      try runtimes[1].register(log.ops("leaf"))
      #expect(typed(10) == 55)
      let calls = log.take()
      #expect(calls.count { $0.ops == "fib" } == depth.count)
      #expect(calls.count { $0.ops == "leaf" } == 89)
    }
  }

  @Test(
    "a closure lives as long as its handle or code that refers to it, and no longer", arguments: RecordingMode.allCases)
  func lifetime(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let gone = Flag()
      func make() throws -> EmittedFunction<Int, Int> {
        let token = Token(gone)
        let host = try runtime.hostFunction("host") { (argument: Int) -> Int in token.gone.isSet ? -1 : argument + 1 }
        return try runtime.define("caller", as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.prologue()
          f.call(host)
          f.functionReturn()
        }
      }
      let caller = try make()
      for _ in 0..<3 { try runtime.reclaim() }
      #expect(caller(41) == 42)
      #expect(!gone.isSet)
      try runtime.redefine(caller.handle) { $0.addsToArgument(5) }
      for _ in 0..<3 { try runtime.reclaim() }
      #expect(caller(1) == 6)
      #expect(gone.isSet)
    }
  }

  @Test("a callback closure and what it captures go when the ops does", arguments: RecordingMode.allCases)
  func callbackLifetime(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let (gone, calls) = (Flag(), Counter())
      let f = try runtime.adder("f", 1)
      func traced() throws {
        let token = Token(gone)
        let ops = TraceOps(name: "ops") { _ in
          _ = token
          calls.add()
        }
        try runtime.register(ops)
        _ = f(1)
        #expect(!gone.isSet)
        try runtime.unregister(ops)
      }
      try traced()
      for _ in 0..<3 { try runtime.reclaim() }
      _ = f(1)
      #expect(calls.count == 1)
      #expect(gone.isSet)
    }
  }

  @Test("a handle keeps the code alive after its runtime was let go", arguments: RecordingMode.allCases)
  func outlivesRuntime(mode: RecordingMode) throws {
    try aloneInProcess {
      let calls = Counter()
      let ops = TraceOps(name: "ops") { _ in calls.add() }
      func make() throws -> EmittedFunction<Int, Int> {
        let runtime = try TraceRuntime(testConfiguration(mode))
        let f = try runtime.adder("f", 1)
        try runtime.register(ops)
        return f
      }
      let f = try make()
      for _ in 0..<3 { #expect(f(1) == 2) }
      #expect(calls.count <= 3)
    }
  }
}
