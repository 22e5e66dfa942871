import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import Glibc
import Testing

/// Names in a recording are those of the time of the event.
@Suite struct RecorderNameTests {
  private final class File {
    let path: String
    init(_ name: String) { path = "/dev/shm/ftrace-names-\(System.processID)-\(name)" }
    deinit { try? System.unlink(path) }
  }

  private func calls(_ file: File) throws -> [String] {
    var text: [UInt8] = []
    GraphTrace(try TraceFile(path: file.path).contents).write { text += $0 }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
      $0.split(separator: "|", maxSplits: 2).last.map { String($0.dropFirst(2)) }
    }
  }

  @Test(
    "a function that is defined, renamed or redefined while it is recorded has the names of their times",
    arguments: [TraceRecorder.Kind.stream, .ring])
  func names(kind: TraceRecorder.Kind) throws {
    try withRuntime { runtime in
      let file = File("\(kind)")
      let early = try runtime.adder("early", 1)
      let recorder = try TraceRecorder(
        in: runtime, options: TracerOptions(bufferBytes: 1 << 20), kind: kind, to: file.path)
      _ = early(1)
      let late = try runtime.adder("late", 1)
      _ = late(1)
      try runtime.rename(early.handle, to: "renamed")
      _ = early(1)
      try runtime.redefine(late.handle) { $0.addsToArgument(2) }
      #expect(late(1) == 3)
      if kind == .ring {
        // As a process that is killed leaves it.
        let calls = try calls(file)
        #expect(calls == ["early();", "late();", "renamed();", "late();"])
      }
      #expect(try recorder.finish().total == 0)
      let calls = try calls(file)
      #expect(calls == ["early();", "late();", "renamed();", "late();"])
    }
  }

  @Test("a ring whose file cannot grow loses events, counts them, and ends with the reason")
  func fullFile() async {
    // In a process of its own: the limit of file sizes is the process's.
    await #expect(processExitsWith: .success) {
      let runtime = try await TraceRuntime(testConfiguration())
      let (file, f) = (File("full"), try runtime.adder("f", 1))
      let recorder = try await TraceRecorder.start(
        in: runtime, options: TracerOptions(bufferBytes: 1 << 20), kind: .ring, to: file.path)
      _ = f(1)
      signal(SIGXFSZ, SIG_IGN)
      func limitFiles(_ bytes: rlim_t) {
        var limit = rlimit(rlim_cur: bytes, rlim_max: rlim_t.max)
        let result = unsafe setrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit)
        #expect(result == 0)
      }
      limitFiles(128 << 10)
      for argument in 0..<50_000 { _ = f(argument) }
      // There is room again at the end: what was lost is told all the same.
      limitFiles(.max)
      var failure: TraceRecorderError?
      do throws(TraceRecorderError) { _ = try await recorder.finish() } catch { failure = error }
      guard case .incomplete(.system(let path, let error), let losses) = failure else {
        Issue.record("no error, or another: \(String(describing: failure))")
        return
      }
      #expect(path == file.path && error.errno == EFBIG)
      #expect(losses[.memory].entries > 0)
      let calls = try RecorderNameTests().calls(file)
      #expect(!calls.isEmpty && calls.allSatisfy { $0 == "f();" })
    }
  }

  /// A gate that takes the memory of a function that has gone: events from before have the function's name, and those from then on the gate's.
  @Test func aGateInThePlaceOfAFunctionHasItsOwnName() throws {
    try withRuntime { runtime in
      let others = try runtime.adders(64, prefix: "other")
      let recording = try EventRecording(
        "names", ends: .both, parents: true, options: TracerOptions(bufferBytes: 1 << 20), in: runtime, filter: .all)
      // Of many sizes: a gate's is among them.
      let functions = try (0..<64).map { number in
        try runtime.define("short\(number)", as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.prologue()
          for _ in 0..<number { f.nop(8) }
          f.lea(.rax, .base(.rdi, 1))
          f.functionReturn()
        }
      }
      for function in functions { _ = function(1) }
      let places = try functions.map { function in
        let (address, bytes) = try function.handle.code()
        return address..<address + UInt(bytes.count)
      }
      for function in functions { try runtime.free(function.handle) }
      try runtime.reclaim()
      typealias Function = @convention(c) (Int) -> Int
      let gates = try others.map { try $0.handle.gate() }
      try #require(
        gates.contains { gate in places.contains { $0.contains(gate) } }, "no gate lies where a function was")
      // Safe: the gates of functions of that type, which live.
      for gate in gates { #expect(unsafe unsafeBitCast(gate, to: Function.self)(1) != 0) }
      let contents = try recording.finish()
      #expect(GraphTrace(contents).counts() == GraphTrace.Counts(entries: 128, exits: 128))
      var text: [UInt8] = []
      Trace(contents).write(limit: nil) { text += $0 }
      let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap {
        $0.split(separator: ": ").last
      }
      for number in 0..<64 {
        #expect(lines.count { $0 == "short\(number) <-ftrace_adaptor" } == 1)
        #expect(lines.count { $0 == "other\(number) <-ftrace_gate" } == 1)
      }
    }
  }

  /// Code that is defined, called and freed, again and again, takes the same memory: each time a new epoch, and not a new block.
  @Test func epochsTakeNoRoom() throws {
    try withRuntime { runtime in
      let recording = try EventRecording(
        "names", ends: .both, options: TracerOptions(bufferBytes: 1 << 20), in: runtime, filter: .all)
      for round in 0..<300 {
        let function = try runtime.adder("round\(round)", 1)
        _ = function(1)
        try runtime.free(function.handle)
        try runtime.reclaim()
      }
      try #require(recording.buffer.epoch > 200, "no memory was used again")
      let contents = try recording.finish()
      #expect(contents.losses.total == 0)
      #expect(GraphTrace(contents).counts() == GraphTrace.Counts(entries: 300, exits: 300))
      var text: [UInt8] = []
      GraphTrace(contents).write { text += $0 }
      let lines = String(decoding: text, as: UTF8.self)
      for round in 0..<300 { #expect(lines.contains(" round\(round)();")) }
    }
  }
}
