import Foundation
import Testing

@Suite struct SpecTests {
  @Test("scripts of the specification, from the folder FTRACE_WASM_SPEC_TESTS")
  func scripts() throws {
    guard let folder = ProcessInfo.processInfo.environment["FTRACE_WASM_SPEC_TESTS"], !folder.isEmpty else {
      print("specification tests skipped: FTRACE_WASM_SPEC_TESTS does not name a folder of .wast files")
      return
    }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let converted = root.appending(path: ".build/spec-tests")
    let conversion = try SpecRunner.run(root.appending(path: "scripts/spec-tests"), [folder, converted.path])
    try #require(conversion.status == 0, "\(conversion.output)")

    let result = try SpecRunner.run([converted.path])
    let failures = result.output.split(separator: "\n").filter { $0.hasPrefix("FAIL") }
    #expect(failures == [])
    #expect(result.status == 0)
    // A folder that is empty, or was not converted, passes nothing.
    let closing = try #require(result.output.split(separator: "\n").last)
    #expect(closing.firstMatch(of: /^[1-9][0-9]* passed, 0 failed, [0-9]+ skipped$/) != nil, "\(closing)")
    print("specification tests: \(closing)")
  }
}
