import FtraceTestSupport
import FtraceTracers
import FtraceWasm
import Testing

@Suite("exceptions") struct ExceptionTests {
  /// `throws(x)` throws `x` and `x + 1` as a double; `through(x)` calls it with a local that it uses afterwards; `catches(x, y)` catches by a
  /// `try_table`, `old(x, y)` by a `try`, with `y` used on both ways.
  private static var module: TestModule {
    var module = TestModule()
    module.tags = [[.i32, .f64], []]
    let unary = FunctionType(parameters: [.i32], results: [.i32])
    let binary = FunctionType(parameters: [.i32, .i32], results: [.i32])
    let values = Code.get(0) + Code.get(0) + Code.i32(1) + Code.op(.i32Add) + Code.op(.f64ConvertI32S)
    let sum = Code.op(.i32TruncF64S) + Code.op(.i32Add) + Code.get(1) + Code.op(.i32Add)
    module.functions = [
      .init(name: "throws", type: unary, body: Code.get(0) + [0x04, 0x40] + values + [0x08, 0, 0x0B] + Code.i32(7)),
      // Used often enough to be in a register, which its caller's local is in as well.
      .init(
        name: "through", type: unary,
        body: (0..<4).flatMap { _ in Code.get(0) + Code.set(0) } + Code.get(0) + Code.call(0) + Code.get(0)
          + Code.op(.i32Add)),
      // (block (result i32 f64) (try_table (catch 0 0) call through, return with y) unreachable) sum
      .init(
        name: "catches", type: binary,
        body: [0x02, 5, 0x1F, 0x40, 1, 0, 0, 0] + Code.get(0) + Code.call(1) + Code.get(1) + Code.op(.i32Add)
          + [0x0F, 0x0B, 0x00, 0x0B] + sum),
      .init(
        name: "old", type: binary,
        body: [0x06, 0x7F] + Code.get(0) + Code.call(1) + Code.get(1) + Code.op(.i32Add) + [0x07, 0] + sum + [0x0B]),
      .init(name: "unused", type: unary, body: Code.get(0)),
      .init(name: "pair", type: .init(results: [.i32, .f64]), body: Code.i32(0) + Code.f64(0)),
    ]
    // y + y + y + y + callee(x, y), with y in a register meanwhile.
    for (name, callee) in [("calls catches", 2), ("calls old", 3)] {
      module.functions.append(
        .init(
          name: name, type: binary,
          body: Code.get(0) + Code.get(1) + Code.call(callee)
            + (0..<4).flatMap { _ in Code.get(1) + Code.op(.i32Add) }))
    }
    return module
  }

  @Test(
    "an exception is caught with its values, and functions that it leaves give back the registers that they had",
    arguments: ["catches", "old"])
  func caught(name: String) throws {
    try withRuntime(.atEmission) { runtime in
      let instance = try TestInstance(Self.module, in: runtime)
      #expect(try instance.call(name, .i32(0), .i32(100)) == [.i32(107)])
      for value in [UInt32(1), 20, 300] {
        #expect(try instance.call(name, .i32(value), .i32(100)) == [.i32(2 * value + 101)])
        #expect(try instance.call("calls \(name)", .i32(value), .i32(100)) == [.i32(2 * value + 501)])
      }
      let trap = #expect(throws: WasmTrap.self) { () throws(WasmTrap) in try instance.call("through", .i32(3)) }
      #expect(trap?.kind == .uncaughtException)
      #expect(trap?.backtrace == ["throws", "through"])
    }
  }

  @Test("what an exception leaves is unwound in the trace, and who catches it is not", arguments: ["catches", "old"])
  func unwound(name: String) throws {
    try withRuntime(.atEmission) { runtime in
      let instance = try TestInstance(Self.module, in: runtime)
      let tracer = FunctionGraphTracer(options: TracerOptions(bufferBytes: 1 << 20))
      try tracer.start(in: runtime)
      #expect(try instance.call(name, .i32(5), .i32(0)) == [.i32(11)])
      #expect(try instance.call(name, .i32(0), .i32(0)) == [.i32(7)])
      #expect(try tracer.stop().counts() == GraphTrace.Counts(entries: 6, exits: 4, unwound: 2))
    }
  }
}
