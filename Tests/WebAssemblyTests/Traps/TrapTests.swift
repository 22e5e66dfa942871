import FtraceTestSupport
import FtraceTracers
import FtraceWasm
import Testing

@Suite("traps") struct TrapTests {
  private struct Failure: Error, Equatable { var number: Int }

  private static func module(_ name: String, _ body: [UInt8], _ type: FunctionType = .init()) -> TestModule {
    var module = TestModule()
    module.memory = (1, 1)
    module.table = ([0], 2)
    module.functions = [
      .init(name: name, type: type, body: body),
      .init(name: "outer", type: .init(), body: type.parameters.isEmpty ? Code.call(0) : []),
      .init(name: "fine", type: .init(results: [.i32]), body: Code.i32(42)),
    ]
    return module
  }

  private static let kinds: [(kind: WasmTrap.Kind, body: [UInt8])] = [
    (.unreachable, [0x00]),
    (.memoryOutOfBounds, Code.i32(65533) + [0x28, 2, 0, 0x1A]),
    (.memoryOutOfBounds, Code.i32(-1) + [0x2D, 0, 0, 0x1A]),
    (.memoryOutOfBounds, Code.i32(-1) + [0x29, 3] + number(0xFFFF_FFFF) + [0x1A]),
    (.memoryOutOfBounds, Code.i32(0) + Code.i64(1) + [0x37, 3] + number(0x7FFF_FFFF)),
    (.divisionByZero, Code.i32(1) + Code.i32(0) + Code.op(.i32DivS) + [0x1A]),
    (.integerOverflow, Code.i64(.min) + Code.i64(-1) + Code.op(.i64DivS) + [0x1A]),
    (.invalidConversion, Code.f64(.nan) + Code.op(.i32TruncF64S) + [0x1A]),
    (.integerOverflow, Code.f64(1e10) + Code.op(.i32TruncF64S) + [0x1A]),
    (.undefinedElement, Code.i32(3) + [0x11, 0, 0]),
    (.uninitialisedElement, Code.i32(1) + [0x11, 0, 0]),
    (.signatureMismatch, Code.i32(0) + [0x11, 2, 0, 0x1A]),
    (.tableOutOfBounds, Code.i32(3) + [0x25, 0, 0x1A]),
    (.stackExhausted, Code.call(1)),
  ]

  @Test(
    "each kind ends the call with the names of the functions that were left, and the instance goes on",
    arguments: 0..<14)
  func everyKind(index: Int) throws {
    let (kind, body) = Self.kinds[index]
    try withRuntime(.atEmission) { runtime in
      let instance = try TestInstance(Self.module("inner", body), in: runtime)
      for _ in 0..<3 {
        let trap = #expect(throws: WasmTrap.self) { () throws(WasmTrap) in try instance.call("outer") }
        #expect(trap?.kind == kind)
        if kind == .stackExhausted {
          #expect(trap.map { $0.backtrace.count + $0.omitted > 1000 } ?? false)
        } else {
          #expect(trap?.backtrace == ["inner", "outer"])
        }
        #expect(try instance.call("fine") == [.i32(42)])
      }
    }
  }

  @Test("frames that a trap leaves are unwound in the trace")
  func unwound() throws {
    try withRuntime(.atEmission) { runtime in
      let instance = try TestInstance(Self.module("inner", [0x00]), in: runtime)
      let tracer = FunctionGraphTracer(options: TracerOptions(bufferBytes: 1 << 20))
      try tracer.start(in: runtime)
      for _ in 0..<2 {
        _ = #expect(throws: WasmTrap.self) { () throws(WasmTrap) in try instance.call("outer") }
        #expect(try instance.call("fine") == [.i32(42)])
      }
      #expect(try tracer.stop().counts() == GraphTrace.Counts(entries: 6, exits: 2, unwound: 4))
    }
  }

  @Test("what a host function throws comes out of the call, through activations inside of each other")
  func hosts() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      module.imports = [("again", .init(parameters: [.i32], results: [.i32]))]
      module.functions = [
        .init(
          name: "down", type: .init(parameters: [.i32], results: [.i32]),
          body: Code.get(0) + Code.i32(1) + Code.op(.i32Sub) + Code.call(0) + Code.i32(1) + Code.op(.i32Add))
      ]
      var box: TestInstance?
      let instance = try TestInstance(
        module, in: runtime,
        hosts: [
          "again": { call in
            let level = call.u32(0)
            if level == 0 { throw Failure(number: 7) }
            if level == 5 { return [.i32((try? box?.call("down", .i32(level)))??.first.map { _ in 1 } ?? 99)] }
            return try box?.call("down", .i32(level)) ?? []
          }
        ])
      box = instance
      let trap = #expect(throws: WasmTrap.self) { () throws(WasmTrap) in try instance.call("down", .i32(3)) }
      #expect(trap?.kind == .host)
      // Down three levels, each an activation of its own.
      var (levels, error) = (0, trap?.underlying)
      while let inner = error as? WasmTrap { (levels, error) = (levels + 1, inner.underlying) }
      #expect(levels == 2)
      #expect(error as? Failure == Failure(number: 7))
      // Caught on the way: what is above goes on.
      #expect(try instance.call("down", .i32(6)) == [.i32(100)])
      box = nil
    }
  }
}
