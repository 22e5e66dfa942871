import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import Testing

/// Tracers and recorders from tasks: in a process of its own, because a test must not hold a runtime while it is suspended.
@Suite struct AsynchronousTracerTests {
  @Test("the forms for tasks do what the others do")
  func forms() async {
    await #expect(processExitsWith: .success) {
      let runtime = try await TraceRuntime(testConfiguration())
      let f = try runtime.adder("f", 1)
      let options = TracerOptions(bufferBytes: 1 << 20)

      let tracer = FunctionTracer(options: options)
      try await tracer.start(in: runtime)
      #expect(f(1) == 2)
      #expect(try await tracer.stop().count == 1)
      for kind in Tracers.all where kind.name != "callback" {
        let tracer = kind.init(options: options)
        try await tracer.start(in: runtime)
        _ = f(1)
        _ = try await tracer.stop()
        await #expect(throws: FtraceError.self, "\(kind.name) was stopped twice") { _ = try await tracer.stop() }
      }

      let recording = try await EventRecording("own", ends: .entry, options: options, in: runtime, filter: .all)
      _ = f(1)
      #expect(GraphTrace(try await recording.finish()).counts().entries == 1)

      let path = "/dev/shm/ftrace-asynchronous-\(System.processID)"
      defer { try? System.unlink(path) }
      let recorder = try await TraceRecorder.start(in: runtime, options: options, to: path)
      _ = f(1)
      #expect(try await recorder.finish().total == 0)
      #expect(GraphTrace(try TraceFile(path: path).contents).counts().entries == 1)
      await #expect(throws: TraceRecorderError.self) {
        _ = try await TraceRecorder.start(in: runtime, to: "/no/such/folder/file")
      }
    }
  }
}
