import Ftrace
import FtraceTestSupport
import Testing

/// Row 26, by known return addresses: a label behind each call says where it returns to.
@Suite struct ParentTests {
  /// A traced function that makes one call, and the address that this call returns to.
  private func caller(
    _ runtime: TraceRuntime, _ name: String, _ call: (FunctionBuilder) -> Void
  ) throws -> (function: EmittedFunction<Int, Int>, returnAddress: UInt) {
    let f = FunctionBuilder(name: name, layout: TraceRuntime.threadLayout)
    let behind = f.label("behind the call")
    f.entrySite()
    f.prologue()
    call(f)
    f.bind(behind)
    f.functionReturn()
    let image = try f.finish()
    let handle = try runtime.define(image)
    return (try runtime.typed(handle, as: ((Int) -> Int).self), try handle.entry + UInt(image.offset(of: behind)))
  }

  /// The routes of a call to a callback: shared, of its own, with registers, beside another ops.
  static let routes: [(name: String, filter: TraceFilter, registers: Bool, beside: Bool)] = [
    ("shared", .all, false, false), ("own", TraceFilter(trace: ["*"]), false, false),
    ("registers", .all, true, false), ("shared beside own", .all, false, true),
    ("own beside shared", TraceFilter(functions: ["callee", "inner"]), true, true),
  ]

  @Test(
    "row 26: the parent is the return address in the real caller, also of the first call",
    arguments: RecordingMode.allCases)
  func parents(mode: RecordingMode) throws {
    for route in Self.routes {
      try withRuntime(mode) { runtime in
        let log = CallLog()
        let ops = log.ops("ops", filter: route.filter, registers: route.registers)
        try runtime.register(ops)
        if route.beside {
          try runtime.register(
            TraceOps(name: "beside", filter: route.filter == .all ? TraceFilter(trace: ["c*"]) : .all) { _ in })
        }
        let callee = try runtime.adder("callee", 1)
        let entry = try callee.handle.entry
        let bySlot = try caller(runtime, "by slot") { $0.call(callee) }
        let byRegister = try caller(runtime, "by register") {
          $0.mov(.r10, slot: callee.symbol)
          $0.call(.r10)
        }
        let tail = try runtime.define("tail", as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.prologue()
          f.tailCall(slot: callee.symbol)
        }
        let ofTail = try caller(runtime, "of tail") { $0.call(tail) }
        // A tail call of a tail call: the return address is still that of the first real call.
        let tail2 = try runtime.define("tail2", as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.tailCall(slot: tail.symbol)
        }
        let ofTail2 = try caller(runtime, "of tail2") { $0.call(tail2) }
        for (function, returnAddress) in [bySlot, byRegister, ofTail, ofTail2] {
          // Unconverted, converted, off and on: the parent is always the same.
          for step in 0..<4 {
            if step == 1 { try runtime.forceUpdate() }
            if step == 2 { try runtime.setEnabled(false) }
            #expect(function(41) == 42)
            if step == 2 { try runtime.setEnabled(true) }
            let calls = log.take().filter { $0.ip == entry }
            let expected = step == 2 ? [] : [returnAddress]
            #expect(calls.map(\.parentIP) == expected, "\(function.name), route \(route.name), step \(step)")
          }
        }
      }
    }
  }

  @Test("row 26: the parent of a direct call, and of a call from outside", arguments: RecordingMode.allCases)
  func directCall(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let log = CallLog()
      try runtime.register(log.ops("ops"))
      // Two functions in one image, the first calling the second directly.
      let f = FunctionBuilder(name: "outer", layout: TraceRuntime.threadLayout)
      let (inner, behind) = (f.label("inner"), f.label("behind"))
      f.entrySite()
      f.prologue()
      f.call(inner)
      f.bind(behind)
      f.functionReturn()
      f.align(16)
      f.bind(inner)
      f.nop(5)
      f.lea(.rax, .base(.rdi, 1))
      f.ret()
      var image = try f.finish()
      image.sites.append(Site(offset: image.offset(of: inner), kind: .entry))
      let handle = try runtime.define(image)
      let entry = try handle.entry
      let outer = try runtime.typed(handle, as: ((Int) -> Int).self)
      for _ in 0..<2 {
        #expect(outer(41) == 42)
        let calls = log.take()
        #expect(calls.map(\.ip) == [entry, entry + UInt(image.offset(of: inner))])
        #expect(calls.last?.parentIP == entry + UInt(image.offset(of: behind)))
        // The call from Swift comes from the runtime's own adaptor, which is no function.
        let parent = try #require(calls.first?.parentIP)
        #expect(!(entry..<entry + UInt(image.bytes.count)).contains(parent))
        try runtime.forceUpdate()
      }
    }
  }
}
