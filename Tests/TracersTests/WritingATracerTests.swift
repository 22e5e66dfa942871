import Foundation
import Ftrace
import FtraceTestSupport
import Testing

@Suite struct WritingATracerTests {
  @Test("the tracer of the article counts who calls whom")
  func edges() throws {
    try withRuntime { runtime in
      let fib = try runtime.fib()
      let tracer = EdgeTracer()
      try tracer.start(in: runtime)
      #expect(fib(5) == 5)
      let edges = try tracer.stop()
      var text: [UInt8] = []
      edges.write(of: runtime, limit: nil) { text += $0 }
      #expect(String(decoding: text, as: UTF8.self) == "14  fib -> fib\n1  ftrace_adaptor -> fib\n")
      text = []
      edges.write(of: runtime, limit: 1) { text += $0 }
      #expect(String(decoding: text, as: UTF8.self) == "14  fib -> fib\n# 1 more\n")
      #expect(throws: FtraceError.self) { try tracer.stop() }
    }
  }

  @Test("the article shows the file that is compiled here, and it has fewer than 100 lines")
  func article() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let code = try String(contentsOf: tests.appendingPathComponent("EdgeTracer.swift"), encoding: .utf8)
    let root = tests.deletingLastPathComponent().deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appendingPathComponent("Sources/Tracers/Tracers.docc/WritingATracer.md"), encoding: .utf8)
    #expect(article.contains("```swift\n\(code)```\n"))
    #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count < 100)
  }
}
