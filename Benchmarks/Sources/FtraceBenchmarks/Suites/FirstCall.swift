import Ftrace

/// What the first call of a function costs, which records its site, and what later calls of the same functions cost.
func firstCalls(_ bench: Bench, _ results: inout Results) throws {
  let functions = 4096
  var (first, second, converted) = (Samples(), Samples(), Samples())
  for _ in 0..<(bench.fewRounds * 3) {
    let runtime = try TraceRuntime.forBenchmarks(.onFirstCall)
    let table = try AddressTable(runtime, functions: functions)
    let callAll = try runtime.callAll("call all")
    func pass() -> Double { bench.clock.time { callAll(functions, table.address) } / Double(functions) }
    // The loop itself, and the recorder's code and data, are warm: another function is new.
    callAll(1, table.address + UInt(functions) * 8)
    first.add(pass())
    second.add(pass())
    try runtime.forceUpdate()
    _ = pass()
    converted.add(pass())
    precondition(runtime.statistics.records == functions + 1, "each function was recorded once")
  }
  results.add(
    Row(
      name: "first-call", samples: first, baseline: .init(name: "call of a converted site", samples: converted),
      budget: .added(first, to: converted, "a converted site", atMost: 60),
      extra: [("second call, before conversion", second.median), ("bytes a record", 16)]))
}

/// Many small functions of a runtime, and their addresses one after the other. One more than asked for.
@safe private final class AddressTable {
  private let handles: [FunctionHandle]
  private let addresses: UnsafeMutablePointer<UInt>

  init(_ runtime: TraceRuntime, functions: Int) throws {
    handles = try (0...functions).map { index in
      try runtime.define("f\(index)") { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, 1))
        f.ret()
      }
    }
    // Initialised here for all elements, and freed with this object.
    unsafe addresses = .allocate(capacity: functions + 1)
    for (index, handle) in handles.enumerated() {
      unsafe (addresses + index).initialize(to: try handle.rawEntry())
    }
  }

  deinit { unsafe addresses.deallocate() }

  var address: UInt { UInt(bitPattern: unsafe addresses) }
}

extension TraceRuntime {
  /// `(count, table)`: calls so many functions of a table of addresses, each once.
  fileprivate func callAll(_ name: String) throws -> EmittedFunction<Void, Int, UInt> {
    try define(name, as: ((Int, UInt) -> Void).self) { f in
      let again = f.label("again")
      f.prologue(saving: [.rbx, .r12])
      f.mov(.rbx, .rdi)
      f.mov(.r12, .rsi)
      f.bind(again)
      f.call(.base(.r12))
      f.add(.r12, 8)
      f.dec(.rbx)
      f.j(.ne, again)
      f.functionReturn()
    }
  }
}
