import FtraceTestSupport
import FtraceTracers
import FtraceWasm
import Synchronization
import Testing

@Suite("instances") struct LazyTests {
  @Test("a function is compiled when it is first called, once for all instances")
  func lazily() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      module.functions = [
        .init(name: "a", type: .init(results: [.i32]), body: Code.call(1) + Code.i32(1) + Code.op(.i32Add)),
        .init(name: "b", type: .init(results: [.i32]), body: Code.i32(1)),
        .init(name: "c", type: .init(results: [.i32]), body: Code.i32(2)),
      ]
      let instance = try TestInstance(module, in: runtime)
      #expect(runtime.functionNames == [])
      #expect(try instance.call("b") == [.i32(1)])
      #expect(runtime.functionNames == ["b"])
      #expect(try instance.call("a") == [.i32(2)])
      #expect(runtime.functionNames == ["a", "b"])
      let second = try WasmInstance(instance.compiled, in: instance.store) { _, _ in nil }
      #expect(try instance.store.call(#require(second.function("c"))) == [.i32(2)])
      #expect(runtime.functionNames == ["a", "b", "c"])
      try instance.compiled.compileAll()
      #expect(runtime.functionNames == ["a", "b", "c"])
    }
  }

  @Test("names that are taken get a number")
  func names() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      module.functions = [.init(name: "f", type: .init(results: [.i32]), body: Code.i32(1))]
      let engine = try WasmEngine(runtime)
      let instances = try (0..<3).map { _ in try TestInstance(module, in: runtime, engine: engine) }
      for instance in instances { #expect(try instance.call("f") == [.i32(1)]) }
      #expect(runtime.functionNames == ["f", "f#2", "f#3"])
    }
  }

  @Test("instances run on several threads while tracing goes on and off")
  func threads() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      module.memory = (1, 1)
      // fib, which counts its calls in memory.
      let fib: [UInt8] =
        Code.i32(0) + Code.i32(0) + [0x28, 2, 0] + Code.i32(1) + Code.op(.i32Add) + [0x36, 2, 0]
        + Code.get(0) + Code.i32(2) + Code.op(.i32LtU) + [0x04, 0x7F] + Code.get(0) + [0x05]
        + Code.get(0) + Code.i32(1) + Code.op(.i32Sub) + Code.call(0)
        + Code.get(0) + Code.i32(2) + Code.op(.i32Sub) + Code.call(0) + Code.op(.i32Add) + [0x0B]
      module.functions = [
        .init(name: "fib", type: .init(parameters: [.i32], results: [.i32]), body: fib),
        .init(name: "calls", type: .init(results: [.i32]), body: Code.i32(0) + [0x28, 2, 0]),
        .init(name: "trap", type: .init(), body: Code.i32(-1) + [0x28, 2, 0, 0x1A]),
      ]
      let engine = try WasmEngine(runtime)
      let compiled = try CompiledModule(WasmModule(decoding: module.bytes).validate(), engine: engine)
      let done = Atomic(0)
      beside({
        onThreads(3) { _ in
          defer { done.add(1, ordering: .relaxed) }
          do {
            let store = WasmStore(engine)
            let instance = try WasmInstance(compiled, in: store) { _, _ in nil }
            for round in 1...20 {
              #expect(try store.call(#require(instance.function("fib")), [.i32(15)]) == [.i32(610)])
              #expect(try store.call(#require(instance.function("calls"))) == [.i32(UInt32(1973 * round))])
              let trap = try #require(instance.function("trap"))
              #expect(throws: WasmTrap.self) { try store.call(trap) }
            }
          } catch { Issue.record(error) }
        }
      }) {
        while done.load(ordering: .relaxed) < 3 {
          let tracer = FunctionGraphTracer(options: TracerOptions(bufferBytes: 1 << 16))
          do {
            try tracer.start(in: runtime)
            let counts = try tracer.stop().counts()
            #expect(counts.entries + counts.openAtStart + counts.lostEntries >= counts.exits)
          } catch { Issue.record(error) }
        }
      }
    }
  }
}
