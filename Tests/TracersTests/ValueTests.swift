import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import FtraceTracers
import FtraceX86Assembler
import Testing

@Suite struct ValueTests {
  private func calls(_ trace: GraphTrace, _ runtime: TraceRuntime) -> [String] {
    var text: [UInt8] = []
    trace.write(of: runtime, limit: nil) { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|", maxSplits: 2).last.map { String($0.dropFirst(2)) }
    }
  }

  private func tracer(_ clock: TraceClockKind = .tsc) -> FunctionGraphTracer {
    var options = TracerOptions(bufferBytes: 1 << 20)
    options.clock = clock
    options.values = true
    return FunctionGraphTracer(options: options)
  }

  @Test(
    "integers of each width and sign, floats, booleans and pointers come with their types",
    arguments: RecordingMode.allCases, TraceClockKind.allCases)
  func types(mode: RecordingMode, clock: TraceClockKind) throws {
    try withRuntime(mode) { runtime in
      func identity<Value: EmittedValue>(_ name: String, _: Value.Type) throws -> EmittedFunction<Value, Value> {
        try runtime.define(name, as: ((Value) -> Value).self) { f in
          f.entrySite()
          if Value.valueClass != .float && Value.valueClass != .double { f.mov(.rax, .rdi) }
          f.functionReturn()
        }
      }
      let (i8, u8) = (try identity("i8", Int8.self), try identity("u8", UInt8.self))
      let (i16, u16) = (try identity("i16", Int16.self), try identity("u16", UInt16.self))
      let (i32, u32) = (try identity("i32", Int32.self), try identity("u32", UInt32.self))
      let (i64, u64) = (try identity("i64", Int.self), try identity("u64", UInt.self))
      let (float, double) = (try identity("float", Float.self), try identity("double", Double.self))
      let boolean = try identity("boolean", Bool.self)
      let pointer = unsafe try identity("pointer", UnsafeRawPointer?.self)
      let tracer = tracer(clock)
      try tracer.start(in: runtime)
      _ = (i8(-1), u8(255), i16(-2), u16(65_534), i32(.min), u32(.max), i64(-7), u64(.max))
      _ = (float(0.5), double(-1e300), boolean(true), boolean(false))
      _ = unsafe pointer(UnsafeRawPointer(bitPattern: 0x1234_5678_9ABC))
      #expect(
        calls(try tracer.stop(), runtime) == [
          "i8(-1) = -1;", "u8(255) = 255;", "i16(-2) = -2;", "u16(65534) = 65534;", "i32(-2147483648) = -2147483648;",
          "u32(4294967295) = 4294967295;", "i64(-7) = -7;", "u64(18446744073709551615) = 18446744073709551615;",
          "float(0.5) = 0.5;", "double(-1e+300) = -1e+300;", "boolean(true) = true;", "boolean(false) = false;",
          "pointer(0x123456789abc) = 0x123456789abc;",
        ])
    }
  }

  @Test(
    "every register and the stack: what is behind the body's own registers, too", arguments: TraceClockKind.allCases)
  func everyPlace(clock: TraceClockKind) throws {
    try withRuntime { runtime in
      let f = try runtime.define(
        "f",
        as: ((Int, Double, Int, Int, Int, Float, Int, Int, Int, Double, Bool) -> Double).self
      ) { f in
        f.entrySite()
        f.prologue()
        f.movsd(.xmm0, .xmm2)
        f.functionReturn()
      }
      let nothing = try runtime.define("nothing", as: (() -> Void).self) { f in
        f.entrySite()
        f.functionReturn()
      }
      let tracer = tracer(clock)
      try tracer.start(in: runtime)
      #expect(f(1, 0.25, 3, 4, 5, 0.75, 6, 7, 8, 0.125, true) == 0.125)
      nothing()
      #expect(
        calls(try tracer.stop(), runtime) == ["f(1, 0.25, 3, 4, 5, 0.75, 6, 7, 8, 0.125, true) = 0.125;", "nothing();"])
    }
  }

  @Test("of many arguments the first 29 are kept")
  func many() throws {
    try withRuntime { runtime in
      let signature = Signature(Array(repeating: .int64, count: 40), returning: .int64)
      let many = try runtime.define("many", signature: signature) { f in
        f.entrySite()
        f.mov(.rax, .rdi)
        f.functionReturn()
      }
      // Its caller passes on what it has in rdi and rsi; the rest is what lies on the stack.
      let outer = try runtime.define("outer", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue(locals: 34 * 8)
        for index in 0..<34 { f.mov(.qword, f.local(index * 8), Int32(100 + index)) }
        for (index, register) in [Reg64.rsi, .rdx, .rcx, .r8, .r9].enumerated() { f.mov(register, Int64(index)) }
        f.call(many)
        f.functionReturn()
      }
      let tracer = tracer()
      try tracer.start(in: runtime)
      #expect(outer(-5) == -5)
      let arguments = ["-5", "0", "1", "2", "3", "4"] + (100..<123).map { "\($0)" }
      #expect(
        calls(try tracer.stop(), runtime) == [
          "outer(-5) {", "  many(\(arguments.joined(separator: ", ")), ...) = -5;", "} = -5",
        ])
    }
  }

  @Test(
    "calls that are chosen by depth, by a root or by thread have their values as well",
    arguments: TraceClockKind.allCases)
  func chosen(clock: TraceClockKind) throws {
    try withRuntime { runtime in
      // Three arguments and a result in the registers that the body needs for itself.
      typealias Type = ((Int, Int, Int) -> Int)
      let inner = try runtime.define("inner", as: Type.self) { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, index: .rsi))
        f.add(.rax, .rdx)
        f.functionReturn()
      }
      let outer = try runtime.define("outer", as: Type.self) { f in
        f.entrySite()
        f.prologue()
        f.add(.rdx, 1)
        f.call(inner)
        f.add(.rax, 1)
        f.functionReturn()
      }
      let both = ["outer(1, 2, 3) {", "  inner(1, 2, 4) = 7;", "} = 8"]
      let ways: [(GraphLimits, [Int32], [String])] = [
        (GraphLimits(maxDepth: 1), [], ["outer(1, 2, 3) = 8;"]),
        (GraphLimits(maxDepth: 9), [], both),
        (GraphLimits(roots: ["inner"]), [], ["inner(1, 2, 4) = 7;"]),
        (GraphLimits(), [System.threadID], both),
        (GraphLimits(threshold: .nanoseconds(1)), [], ["outer() {", "  inner();", "}"]),
      ]
      for (limits, threads, expected) in ways where limits.threshold == nil || clock == .tsc {
        var options = TracerOptions(bufferBytes: 1 << 20)
        options.clock = clock
        options.values = true
        options.graph = limits
        options.threads = threads
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        // The first calls go the slow ways.
        for _ in 0..<3 { #expect(outer(1, 2, 3) == 8) }
        let calls = calls(try tracer.stop(), runtime)
        #expect(calls == expected + expected + expected, "\(limits)")
      }
    }
  }

  @Test("without a declared signature there are no values, and none of a result that is not there yet")
  func unknown() throws {
    try withRuntime { runtime in
      let bare = try runtime.define("bare") { f in
        f.entrySite()
        f.mov(.rax, .rdi)
        f.functionReturn()
      }
      let caller = try runtime.define("caller", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.call(bare)
        f.functionReturn()
      }
      let jumps = try runtime.define("jumps", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.tailCall(slot: caller.symbol)
      }
      let tracer = tracer()
      try tracer.start(in: runtime)
      #expect(jumps(9) == 9)
      #expect(
        calls(try tracer.stop(), runtime) == ["jumps(9);", "caller(9) {", "  bare();", "} = 9"])
    }
  }

  @Test("beside other tracers, through redefinition, and after it: each function has its own kind of trampoline")
  func several() throws {
    try withRuntime { runtime in
      let leaf = try runtime.adder("leaf", 1)
      let sum = try runtime.define("sum", as: ((Double, Double) -> Double).self) { f in
        f.entrySite()
        f.addsd(.xmm0, .xmm1)
        f.functionReturn()
      }
      let (values, plain, counter) = (tracer(), FunctionGraphTracer(), CountTracer())
      try plain.start(in: runtime)
      try values.start(in: runtime, filter: TraceFilter(trace: ["leaf", "sum", "later"]))
      try counter.start(in: runtime)
      _ = (leaf(1), sum(1, 2))
      try runtime.redefine(leaf.handle) { $0.addsToArgument(5) }
      let later = try runtime.adder("later", 2)
      _ = (leaf(1), later(1))
      try runtime.rename(later.handle, to: "unwanted")
      _ = later(1)
      try runtime.rename(later.handle, to: "later")
      _ = later(7)
      #expect(
        calls(try values.stop(), runtime) == [
          "leaf(1) = 2;", "sum(1.0, 2.0) = 3.0;", "leaf(1) = 6;", "later(1) = 3;", "later(7) = 9;",
        ])
      _ = sum(1, 2)
      #expect(
        calls(try plain.stop(), runtime) == [
          "leaf();", "sum();", "leaf();", "later();", "unwanted();", "later();", "sum();",
        ])
      #expect(try counter.stop().functions.first { $0.name == "later" }?.calls == 3)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("functions whose values are in the same places share a trampoline, others have their own")
  func trampolines() throws {
    try withRuntime(.atEmission) { runtime in
      func define(_ name: String, _ signature: Signature?) throws {
        _ = try runtime.define(name, signature: signature) { f in
          f.entrySite()
          f.functionReturn()
        }
      }
      try define("a", Signature([.int64], returning: .int64))
      try define("b", Signature([.pointer], returning: .boolean))
      try define("c", Signature([.double], returning: .int64))
      try define("d", nil)
      try define("e", nil)
      func targets() -> [String: UInt] {
        var targets: [String: UInt] = [:]
        for site in runtime.entrySites {
          if case .tracing(let trampoline) = site.state { targets[site.function] = trampoline }
        }
        return targets
      }
      let (values, plain) = (tracer(), FunctionGraphTracer())
      try values.start(in: runtime)
      let with = targets()
      #expect(with.count == 5 && with["a"] == with["b"] && with["d"] == with["e"])
      #expect(Set(with.values).count == 3)
      _ = try values.stop()
      try plain.start(in: runtime)
      #expect(Set(targets().values).count == 1)
      _ = try plain.stop()
    }
  }

  @Test(
    "with a buffer that is too small an event and its values are there or lost together",
    arguments: [0, 16_384, 70_000])
  func together(bytes: Int) throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      for mode in [TraceBuffer.Mode.discard, .overwrite] {
        var options = TracerOptions(bufferBytes: bytes)
        options.mode = mode
        options.values = true
        let tracer = FunctionGraphTracer(options: options)
        try tracer.start(in: runtime)
        #expect(fib(16) == 987)
        let trace = try tracer.stop()
        let counts = trace.counts()
        #expect(counts.entries + Int(trace.losses.entries) == 3193)
        #expect(counts.exits + Int(trace.losses.exits) == 3193)
        for block in trace.blocks.flatMap({ $0 }) {
          var waits = false
          for record in block {
            if waits { #expect(record.kind == .values && block.words(of: record).count == 1) }
            waits = record.kind == .entry || record.kind == .exit
          }
          #expect(!waits)
        }
      }
    }
  }

  @Test("a function's signature is written and read back")
  func text() throws {
    let all: [ValueClass] = [
      .integer(.byte, signed: true), .integer(.word, signed: true), .int32, .int64, .integer(.byte, signed: false),
      .integer(.word, signed: false), .integer(.dword, signed: false), .integer(.qword, signed: false), .float, .double,
      .pointer, .boolean,
    ]
    for signature in [Signature(), Signature(all), Signature(all, returning: .boolean), Signature(returning: .double)] {
      #expect(Signature(text: signature.text) == signature)
    }
    #expect(Signature([.int64, .pointer], returning: .double).text == "Int64,Pointer->Double")
    for text in ["", "Int64", "Int->Int", "Int64->x", "a->b->c"] { #expect(Signature(text: text) == nil) }
  }
}
