import Ftrace
import FtraceTestSupport
import Testing

@Suite struct FilterTests {
  private static let names = [
    "schedule", "reschedule", "scheduler", "raw_lock", "raw_unlock", "mount_script", "exc_page_fault", "func", "funk",
    "Sync", "sync", "a*b",
  ]

  /// Functions by name, each of which was called and is converted.
  private func functions(_ runtime: TraceRuntime) throws -> [(name: String, call: EmittedFunction<Int, Int>)] {
    let functions = try Self.names.map { (name: $0, call: try runtime.adder($0, 1)) }
    for f in functions { _ = f.call(1) }
    try runtime.forceUpdate()
    return functions
  }

  @Test("row 44: all eight combinations of filtered, left out, and enabled before", arguments: RecordingMode.allCases)
  func eightCases(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (f, other) = (try runtime.adder("f", 1), try runtime.adder("other", 2))
      _ = (f(1), other(1))
      try runtime.forceUpdate()
      for selected in [false, true] {
        for excluded in [false, true] {
          for enabled in [false, true] {
            let calls = Counter()
            let entry = try f.handle.entry
            let ops = TraceOps(name: "ops", filter: TraceFilter(functions: enabled ? ["f"] : ["other"])) { call in
              if call.ip == entry { calls.add() }
            }
            try runtime.register(ops)
            #expect((try f.handle.site != .nop) == enabled)
            let filter = TraceFilter(
              trace: selected ? ["f*"] : [], notrace: excluded ? ["*f"] : [], functions: ["other"])
            try runtime.setFilter(filter, of: ops)
            let case0 = "selected \(selected), left out \(excluded), enabled before \(enabled)"
            #expect((try f.handle.site != .nop) == (selected && !excluded), "\(case0)")
            #expect(try other.handle.site != .nop, "\(case0)")
            #expect(f(1) == 2)
            #expect(calls.count == (selected && !excluded ? 1 : 0), "\(case0)")
            try runtime.unregister(ops)
            #expect(try f.handle.site == .nop)
          }
        }
      }
    }
  }

  @Test(
    "row 44: leaving out a function that is traced turns it off, with no other filter there",
    arguments: RecordingMode.allCases)
  func notraceAlone(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try self.functions(runtime)
      let log = CallLog()
      let ops = log.ops("all")
      try runtime.register(ops)
      try runtime.setFilter(TraceFilter(notrace: ["*lock"]), of: ops)
      for f in functions {
        #expect((try f.call.handle.site == .nop) == f.name.hasSuffix("lock"), "\(f.name)")
        #expect(f.call(1) == 2)
      }
      #expect(log.take().count == functions.count - 2)
      // Back to everything: the ops shares ftrace_caller again.
      try runtime.setFilter(.all, of: ops)
      for f in functions { #expect(try f.call.handle.site == .call(runtime.stubAddresses.caller)) }
      for f in functions { _ = f.call(1) }
      #expect(log.take().count == functions.count)
    }
  }

  @Test("a filter's globs select exactly what a search of the names does", arguments: RecordingMode.allCases)
  func globs(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try self.functions(runtime)
      let log = CallLog()
      let ops = log.ops("ops", filter: TraceFilter(functions: ["nobody"]))
      try runtime.register(ops)
      let cases: [(Glob, (String) -> Bool)] = [
        ("*schedule", { $0.hasSuffix("schedule") }), ("*sched*", { $0.contains("sched") }),
        ("sched*", { $0.hasPrefix("sched") }), ("*aw*lock", { $0.hasSuffix("lock") }),
        ("m*scr*", { $0 == "mount_script" }), ("ex*_fault", { $0 == "exc_page_fault" }),
        ("[Ss]y*", { $0.lowercased() == "sync" }), ("fun?", { $0.hasPrefix("fun") }), ("a\\*b", { $0 == "a*b" }),
      ]
      for (glob, wanted) in cases {
        try runtime.setFilter(TraceFilter(trace: [glob]), of: ops)
        for f in functions {
          #expect((try f.call.handle.site != .nop) == wanted(f.name), "\(glob), \(f.name)")
          #expect(f.call(1) == 2)
        }
        #expect(log.take().count == functions.count { wanted($0.name) }, "\(glob)")
      }
    }
  }

  @Test("a filter applies to functions that are emitted later, and to new names", arguments: RecordingMode.allCases)
  func later(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let log = CallLog()
      let ops = log.ops("ops", filter: TraceFilter(trace: ["later*"], functions: ["exact"]))
      try runtime.register(ops)
      let (later, exact, never) = (
        try runtime.adder("later1", 1), try runtime.adder("exact", 1), try runtime.adder("never", 1)
      )
      func calls(_ f: EmittedFunction<Int, Int>) -> Int {
        #expect(f(1) == 2)
        return log.take().count
      }
      #expect([later, exact, never].map(calls) == [1, 1, 0])
      try runtime.forceUpdate()
      #expect([later, exact, never].map(calls) == [1, 1, 0])
      // Renaming changes what is traced when it returns.
      try runtime.rename(later.handle, to: "renamed")
      try runtime.rename(never.handle, to: "later2")
      #expect([later, exact, never].map(calls) == [0, 1, 1])
      #expect(try later.handle.site == .nop)
      // A redefinition keeps the name, and with it the tracing, from the first call on.
      try runtime.redefine(never.handle) { $0.addsToArgument(1) }
      try runtime.redefine(later.handle) { $0.addsToArgument(1) }
      #expect([later, exact, never].map(calls) == [0, 1, 1])
      // A function that is pending when the filter changes.
      let pending = try runtime.adder("pending", 1)
      #expect(calls(pending) == 0)
      try runtime.setFilter(TraceFilter(trace: ["pend*"]), of: ops)
      #expect([later, exact, never, pending].map(calls) == [0, 0, 0, 1])
    }
  }

  @Test("a callback never sees a function that its filter leaves out", arguments: RecordingMode.allCases)
  func neverSees(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (wanted, unwanted) = (try runtime.adder("wanted", 1), try runtime.adder("unwanted", 2))
      let (done, seen, wrong) = (Flag(), Counter(), Counter())
      let entry = try unwanted.handle.entry
      let ops = TraceOps(name: "ops", filter: TraceFilter(functions: ["wanted"])) { call in
        if call.ip == entry { wrong.add() } else { seen.add() }
      }
      let all = TraceOps(name: "all") { _ in }
      try beside(
        { onThreads(2) { _ in while !done.isSet { _ = (wanted(1), unwanted(1)) } } },
        meanwhile: {
          defer { done.set() }
          try runtime.register(ops)
          while seen.count == 0 {}
          for round in 0..<50 {
            // Another ops that wants everything comes and goes: sites change their trampolines.
            if round % 2 == 0 { try runtime.register(all) } else { try runtime.unregister(all) }
            try runtime.setEnabled(false)
            try runtime.setEnabled(true)
          }
        })
      #expect(wrong.count == 0)
    }
  }
}
