import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
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
        #expect(try calls(file) == ["early();", "late();", "renamed();", "late();"])
      }
      #expect(try recorder.finish().total == 0)
      #expect(try calls(file) == ["early();", "late();", "renamed();", "late();"])
    }
  }

  /// Stubs are named when the recording ends; a function that had gone by then, and whose memory a stub has taken, was there before.
  @Test func aStubInThePlaceOfAFunctionDoesNotTakeItsName() throws {
    try withRuntime { runtime in
      let others = try runtime.adders(64, prefix: "other")
      let recording = try EventRecording(
        "names", ends: .both, options: TracerOptions(bufferBytes: 1 << 20), in: runtime, filter: .all)
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
      // The gates of others are made now.
      for other in others { _ = try other.handle.gate() }
      try #require(
        runtime.stubSymbols.contains { stub in
          places.contains { $0.overlaps(stub.start..<stub.start + UInt(stub.size)) }
        }, "no stub lies where a function was")
      let contents = try recording.finish()
      let trace = GraphTrace(contents)
      #expect(trace.counts() == GraphTrace.Counts(entries: 64, exits: 64))
      var text: [UInt8] = []
      trace.write { text += $0 }
      let lines = String(decoding: text, as: UTF8.self)
      for number in 0..<64 { #expect(lines.contains("short\(number)();")) }
    }
  }
}
