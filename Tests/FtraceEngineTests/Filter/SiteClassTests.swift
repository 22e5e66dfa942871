import Ftrace
import FtraceTestSupport
import Testing

/// Functions that the same ops want share a class; classes come and go with the filters.
@Suite struct SiteClassTests {
  @Test("filters that come and go leave no classes behind", arguments: RecordingMode.allCases)
  func sweeping(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(12)
      for f in functions { _ = f(1) }
      let log = CallLog()
      var generator = SeededGenerator(seed: 7)
      func filter() -> TraceFilter {
        TraceFilter(
          functions: Set(functions.map(\.handle.name).filter { _ in Bool.random(using: &generator) }).union(["none"]))
      }
      var filters = (0..<8).map { _ in filter() }
      let ops = filters.indices.map { log.ops("\($0)", filter: filters[$0]) }
      for ops in ops { try runtime.register(ops) }
      for round in 0..<400 {
        let index = Int.random(in: ops.indices, using: &generator)
        filters[index] = filter()
        try runtime.setFilter(filters[index], of: ops[index])
        #expect(runtime.siteClassCount <= 64 + functions.count)
        guard round % 20 == 0 else { continue }
        _ = log.take()
        for f in functions {
          _ = f(1)
          let expected = ops.indices.reversed().filter { filters[$0].matches(f.handle.name) }.map { "\($0)" }
          #expect(log.take().map(\.ops) == expected)
        }
      }
      for ops in ops { try runtime.unregister(ops) }
      for f in functions { #expect(f(1) > 0) }
      #expect(log.take().isEmpty)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("an ops leaves although there is no number for the classes that stay", arguments: RecordingMode.allCases)
  func leaving(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(3)
      for f in functions { _ = f(1) }
      let log = CallLog()
      let a = log.ops("a", filter: TraceFilter(functions: ["f0", "f1"]))
      let b = log.ops("b", filter: TraceFilter(functions: ["f1"]))
      let c = log.ops("c", filter: TraceFilter(functions: ["f1", "f2"]))
      for ops in [a, b, c] { try runtime.register(ops) }
      runtime.limitSiteClasses(to: runtime.siteClassCount)
      // f1 moves from abc to ac, which is not there; a stays alone with f0, c with f2.
      try runtime.unregister(b)
      _ = log.take()
      for f in functions { _ = f(1) }
      #expect(log.take().map(\.ops) == ["a", "c", "a", "c"])
      try runtime.unregister(a)
      for f in functions { _ = f(1) }
      #expect(log.take().map(\.ops) == ["c", "c"])
      try runtime.unregister(c)
      for f in functions { _ = f(1) }
      #expect(log.take().isEmpty)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("a removal that is given up leaves the classes as they were", arguments: RecordingMode.allCases)
  func leavingPutOff(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true, .set(\.stopDeadline, .milliseconds(2)), .set(\.stopGrace, nil)) { runtime in
      let functions = try runtime.adders(2)
      for f in functions { _ = f(1) }
      let log = CallLog()
      let a = log.ops("a", filter: TraceFilter(functions: ["f0", "f1"]))
      let b = log.ops("b", filter: TraceFilter(functions: ["f1"]))
      try runtime.register(a)
      try runtime.register(b)
      runtime.limitSiteClasses(to: 3)
      besideLateWorker {
        #expect(throws: FtraceError.self) { try runtime.unregister(a) }
        _ = log.take()
        for f in functions { _ = f(1) }
        #expect(log.take().map(\.ops) == ["a", "b", "a"])
      }
      // A commit that looks at every site finds what each one is to be.
      for enabled in [false, true] { try runtime.setEnabled(enabled) }
      for f in functions { _ = f(1) }
      #expect(log.take().map(\.ops) == ["a", "b", "a"])
      try runtime.unregister(a)
      for f in functions { _ = f(1) }
      #expect(log.take().map(\.ops) == ["b"])
    }
  }
}
