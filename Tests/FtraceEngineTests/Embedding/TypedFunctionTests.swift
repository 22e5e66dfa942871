import Ftrace
import FtraceTestSupport
import Testing

@Suite struct TypedFunctionTests {
  /// The sum of i × argument i, for any signature of integers of 64 bits and doubles (which are added as integers).
  private static func weighted(_ signature: Signature) -> (FunctionBuilder) -> Void {
    { f in
      f.entrySite()
      f.prologue()
      f.xor(.eax, .eax)
      for (index, location) in CallingConvention.sysV.locations(of: signature.arguments).enumerated() {
        switch location {
        case .integerRegister(let register): f.mov(.r10, register)
        case .vectorRegister(let register): f.cvttsd2si(.r10, register)
        case .stack(let offset):
          if signature.arguments[index] == .double {
            f.cvttsd2si(.r10, f.stackArgument(offset))
          } else {
            f.mov(.r10, f.stackArgument(offset))
          }
        }
        f.imul(.r10, .r10, Int32(index + 1))
        f.add(.rax, .r10)
      }
      f.functionReturn()
    }
  }

  @Test("functions of 0 to 9 integers, those beyond the sixth on the stack", arguments: RecordingMode.allCases)
  func integers(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      func build(_ count: Int) -> (FunctionBuilder) -> Void {
        Self.weighted(Signature(Array(repeating: .int64, count: count), returning: .int64))
      }
      let f0 = try runtime.define("f0", as: (() -> Int).self, build(0))
      let f1 = try runtime.define("f1", as: ((Int) -> Int).self, build(1))
      let f2 = try runtime.define("f2", as: ((Int, Int) -> Int).self, build(2))
      let f3 = try runtime.define("f3", as: ((Int, Int, Int) -> Int).self, build(3))
      let f4 = try runtime.define("f4", as: ((Int, Int, Int, Int) -> Int).self, build(4))
      let f5 = try runtime.define("f5", as: ((Int, Int, Int, Int, Int) -> Int).self, build(5))
      let f6 = try runtime.define("f6", as: ((Int, Int, Int, Int, Int, Int) -> Int).self, build(6))
      let f7 = try runtime.define("f7", as: ((Int, Int, Int, Int, Int, Int, Int) -> Int).self, build(7))
      let f8 = try runtime.define("f8", as: ((Int, Int, Int, Int, Int, Int, Int, Int) -> Int).self, build(8))
      let f9 = try runtime.define("f9", as: ((Int, Int, Int, Int, Int, Int, Int, Int, Int) -> Int).self, build(9))
      let log = CallLog()
      let ops = log.ops("ops")
      var generator = SeededGenerator(seed: 9)
      for round in 0..<4 {
        if round == 2 { try runtime.register(ops) }
        let a = (0..<9).map { _ in Int.random(in: -(1 << 50)...1 << 50, using: &generator) }
        func expected(_ count: Int) -> Int { (0..<count).reduce(0) { $0 &+ a[$1] &* ($1 + 1) } }
        #expect(f0() == expected(0))
        #expect(f1(a[0]) == expected(1))
        #expect(f2(a[0], a[1]) == expected(2))
        #expect(f3(a[0], a[1], a[2]) == expected(3))
        #expect(f4(a[0], a[1], a[2], a[3]) == expected(4))
        #expect(f5(a[0], a[1], a[2], a[3], a[4]) == expected(5))
        #expect(f6(a[0], a[1], a[2], a[3], a[4], a[5]) == expected(6))
        #expect(f7(a[0], a[1], a[2], a[3], a[4], a[5], a[6]) == expected(7))
        #expect(f8(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]) == expected(8))
        #expect(f9(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]) == expected(9))
        #expect(log.take().count == (round < 2 ? 0 : 10))
      }
    }
  }

  @Test("integers and doubles mixed, both kinds on the stack", arguments: RecordingMode.allCases)
  func mixed(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      typealias F = (
        Double, Int, Double, Int, Double, Int, Double, Int, Double, Int, Double, Int, Double, Int, Double, Double, Int
      ) -> Int
      let arguments: [ValueClass] = [
        .double, .int64, .double, .int64, .double, .int64, .double, .int64, .double, .int64, .double, .int64, .double,
        .int64, .double, .double, .int64,
      ]
      let f = try runtime.define("f", as: F.self, Self.weighted(Signature(arguments, returning: .int64)))
      try runtime.register(TraceOps(name: "ops") { _ in })
      for _ in 0..<2 {
        let sum = f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
        #expect(sum == (1...17).reduce(0) { $0 + $1 * $1 })
      }
    }
  }

  /// A function that returns its argument, with rubbish above it where the register is wider.
  private func identity<Value: EmittedValue>(
    _ runtime: TraceRuntime, _ type: Value.Type
  ) throws -> EmittedFunction<Value, Value> {
    try runtime.define("\(type) \(runtime.functionNames.count)", as: ((Value) -> Value).self) { f in
      f.entrySite()
      if case .integer(let width, _) = Value.valueClass.passing {
        f.mov(.rax, .rdi)
        let bits: Int64 =
          switch width {
          case .byte: -1 << 8
          case .word: -1 << 16
          case .dword: -1 << 32
          case .qword: 0
          }
        f.mov(.r10, bits)
        f.xor(.rax, .r10)
      }
      f.ret()
    }
  }

  private func check<Value: EmittedValue & Equatable>(_ runtime: TraceRuntime, _ values: [Value]) throws {
    let f = try identity(runtime, Value.self)
    let signed: Bool
    if case .integer(_, let isSigned) = Value.valueClass.passing { signed = isSigned } else { signed = false }
    for value in values {
      #expect(f(value) == value, "\(Value.self)")
      // What the function finds in the register is the value, extended by its sign.
      #expect(Value(registerBits: value.registerBits) == value)
      if signed, let integer = value as? any FixedWidthInteger {
        #expect(value.registerBits == UInt64(bitPattern: Int64(integer)))
      }
    }
  }

  @Test("values of every type come and go unchanged", arguments: RecordingMode.allCases)
  func everyType(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      try runtime.register(TraceOps(name: "ops") { _ in })
      try check(runtime, [Int8.min, -1, 0, 1, .max])
      try check(runtime, [Int16.min, -1, 0, 1, .max])
      try check(runtime, [Int32.min, -1, 0, 1, .max])
      try check(runtime, [Int64.min, -1, 0, 1, .max])
      try check(runtime, [Int.min, -1, 0, 1, .max])
      try check(runtime, [UInt8.min, 1, 0x80, .max])
      try check(runtime, [UInt16.min, 1, 0x8000, .max])
      try check(runtime, [UInt32.min, 1, 1 << 31, .max])
      try check(runtime, [UInt64.min, 1, 1 << 63, .max])
      try check(runtime, [UInt.min, 1, 1 << 63, .max])
      try check(runtime, [true, false])
      try check(runtime, [Float.zero, -0.0, 1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -.infinity])
      try check(runtime, [Double.zero, -0.0, 1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -.infinity])
      let nans = (try identity(runtime, Double.self), try identity(runtime, Float.self))
      #expect(nans.0(.signalingNaN).isSignalingNaN)
      #expect(nans.1(-.nan).isNaN)
    }
  }

  @Test("pointers, and pointers that may be nil")
  func pointers() throws {
    try withRuntime { runtime in
      let words = SharedWords(1)
      // Safe: the pointers are only passed through, and the words live.
      let raw = UnsafeMutableRawPointer(unsafe words.base)
      unsafe try check(runtime, [raw])
      unsafe try check(runtime, [UnsafeRawPointer(raw)])
      unsafe try check(runtime, [words.base])
      unsafe try check(runtime, [UnsafePointer(words.base)])
      let optional = unsafe try identity(runtime, UnsafeRawPointer?.self)
      #expect(unsafe optional(nil) == nil)
      #expect(unsafe optional(UnsafeRawPointer(raw)) == UnsafeRawPointer(raw))
      // Writes through its argument, returns nothing.
      let write = unsafe try runtime.define("write", as: ((UnsafeMutablePointer<Int>, Int32) -> Void).self) { f in
        f.entrySite()
        f.movsxd(.rax, .esi)
        f.mov(.base(.rdi), .rax)
        f.ret()
      }
      unsafe write(words.base, -7)
      #expect(words[0] == -7)
    }
  }

  @Test("a call allocates nothing, traced or not", arguments: RecordingMode.allCases)
  func allocatesNothing(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let words = SharedWords(1)
      let nine = try runtime.define(
        "nine", as: ((Int, Double, Int32, Float, UInt8, Bool, Int, Int, Int) -> Int).self
      ) { f in
        f.entrySite()
        f.mov(.rax, .rdi)
        f.ret()
      }
      let none = try runtime.define("none", as: (() -> Void).self) { f in
        f.entrySite()
        f.ret()
      }
      let host = try runtime.hostFunction("host") { (a: Int, b: Double) -> Int in
        words[0] += a + Int(b)
        return words[0]
      }
      let caller = try runtime.define("caller", as: ((Int, Double) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.call(host)
        f.functionReturn()
      }
      func calls() {
        for number in 0..<100 {
          _ = nine(number, 1, 2, 3, 4, true, 5, 6, 7)
          none()
          _ = caller(number, 1)
        }
      }
      let far = try FarCallback()
      let hits = SharedWords(1)
      let ops = unsafe TraceOps(name: "count", context: hits.base, callback: far.callback)
      calls()  // metadata of the types, the attachment of the thread
      for state in ["pending", "converted", "tracing", "off"] {
        switch state {
        case "converted": try runtime.forceUpdate()
        case "tracing": try runtime.register(ops)
        case "off": try runtime.setEnabled(false)
        default: break
        }
        if let count = allocations(calls) { #expect(count == 0, "\(state)") }
      }
      #expect(hits[0] == 300 * allocationRuns)
      // The counter counts.
      if let count = allocations({ _ = [UInt8](repeating: 0, count: words[0] | 1) }) { #expect(count > 0) }
    }
  }

  @Test("the call of a new function allocates nothing either: the recorder takes none")
  func recordingAllocatesNothing() throws {
    try withRuntime { runtime in
      let functions = try runtime.adders(1 + 100 * allocationRuns)
      _ = functions[0](1)
      var (sum, next) = (0, 1)
      let count = allocations {
        // New ones in each run.
        for index in next..<next + 100 { sum += functions[index](1) }
        next += 100
      }
      if let count { #expect(count == 0) }
      #expect(sum == functions.indices.dropFirst().reduce(0) { $0 + $1 + 1 })
      #expect(runtime.statistics.records == functions.count)
    }
  }
}
