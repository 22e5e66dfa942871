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
}
