import Ftrace
import FtraceTestSupport
import FtraceX86Assembler
import Testing

/// A call ends in the body in which it began, whatever became of the function since.
@Suite struct CallsUnderWayTests {
  private typealias Act = @Sendable () throws -> Void

  /// A function that calls the host once it has been entered, and returns 1.
  private func actor(_ runtime: TraceRuntime, _ act: Late<Act>, _ name: String = "f") throws -> EmittedFunction<Int> {
    let host = try runtime.hostFunction("act") { () -> Void in
      do { try act.value() } catch { Issue.record(error) }
    }
    return try runtime.define(name, as: (() -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.call(host)
      f.mov(.eax, 1)
      f.functionReturn()
    }
  }

  private func becomes(_ value: Int32) -> (FunctionBuilder) -> Void {
    { f in
      f.entrySite()
      f.mov(.eax, value)
      f.functionReturn()
    }
  }

  @Test(
    "a call ends when its function was redefined meanwhile: for who saw it begin, and for who came later",
    arguments: RecordingMode.allCases)
  func redefined(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (seen, later, act) = (CallLog(), CallLog(), Late<Act>())
      defer { act.clear() }
      let f = try actor(runtime, act)
      let (before, after) = (seen.ops("before", ends: .both), later.ops("after", ends: .both))
      try runtime.register(before)
      act.set {
        try runtime.redefine(f.handle, becomes(2))
        // The body cannot come back while the call is in it, however often that is tried.
        for _ in 0..<3 { try runtime.reclaim() }
        try runtime.register(after)
        #expect(f() == 2)
      }
      #expect(f() == 1)
      #expect(seen.entries.map(\.end) == [.entry, .entry, .exit, .exit])
      #expect(seen.entries.allSatisfy { runtime.name(of: $0.ip) == "f" })
      #expect(later.entries.map(\.end) == [.entry, .exit, .exit])
      #expect(f() == 2)
      #expect(seen.entries.count == 6 && later.entries.count == 5)
      try runtime.reclaim()
      try runtime.unregister(before)
      try runtime.unregister(after)
      #expect(runtime.audit().isSound)
    }
  }

  @Test(
    "who leaves while the call is under way does not see it end, nor does a filter that does not want it any more",
    arguments: RecordingMode.allCases)
  func left(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (seen, other, act) = (CallLog(), CallLog(), Late<Act>())
      defer { act.clear() }
      let f = try actor(runtime, act)
      let (leaving, staying) = (seen.ops("leaving", ends: .both), other.ops("staying", ends: .both))
      try runtime.register(leaving)
      try runtime.register(staying)
      act.set {
        try runtime.redefine(f.handle, becomes(2))
        try runtime.unregister(leaving)
        try runtime.setFilter(TraceFilter(trace: ["g"]), of: staying)
      }
      #expect(f() == 1)
      #expect(seen.entries.map(\.end) == [.entry])
      #expect(other.entries.map(\.end) == [.entry])
      try runtime.unregister(staying)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("a call of a function that was freed meanwhile ends as others do", arguments: RecordingMode.allCases)
  func freed(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (seen, act) = (CallLog(), Late<Act>())
      defer { act.clear() }
      let f = try actor(runtime, act)
      let ops = seen.ops("ends", ends: .both)
      try runtime.register(ops)
      act.set {
        try runtime.free(f.handle)
        try runtime.reclaim()
      }
      #expect(f() == 1)
      #expect(seen.entries.map(\.end) == [.entry, .exit])
      try runtime.reclaim()
      // What comes in its place begins anew.
      let g = try runtime.adder("g", 1)
      #expect(g(1) == 2)
      #expect(seen.entries.map(\.end) == [.entry, .exit, .entry, .exit])
      try runtime.unregister(ops)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("the exits of bodies that went are given back with their memory", arguments: RecordingMode.allCases)
  func records(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (seen, act) = (CallLog(), Late<Act>())
      defer { act.clear() }
      let f = try actor(runtime, act)
      let ops = seen.ops("ends", ends: .both)
      try runtime.register(ops)
      act.set {}
      let before = runtime.exitRecords
      for round in 0..<300 {
        try runtime.redefine(f.handle, becomes(Int32(round)))
        #expect(f() == round)
      }
      try runtime.reclaim()
      try runtime.reclaim()
      #expect(runtime.exitRecords == before)
      try runtime.unregister(ops)
    }
  }
}
