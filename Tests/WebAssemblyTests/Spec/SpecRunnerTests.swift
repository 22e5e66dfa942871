import Foundation
import Testing

@Suite struct SpecRunnerTests {
  static let modules = [
    "valid": module(""), "malformed": module("0E 00"), "invalid": module("08 01 00"),
    "vectors": module("01 05 01 60 01 7B 00"),
  ]

  /// Writes the commands of a script, one for each line from 1 on, and runs it.
  private func run(_ commands: [String]) throws -> (status: Int32, output: [Substring]) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "wasm-spec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in Self.modules { try Data(bytes).write(to: folder.appending(path: name + ".wasm")) }
    let lines = commands.enumerated().map { "{\"line\": \($0 + 1), \($1)}" }
    let script = folder.appending(path: "script.json")
    try Data("{\"commands\": [\(lines.joined(separator: ","))]}".utf8).write(to: script)
    let (status, output) = try SpecRunner.run([folder.path])
    return (status, output.split(separator: "\n"))
  }

  private func command(_ type: String, _ module: String) -> String {
    "\"type\": \"\(type)\", \"filename\": \"\(module).wasm\", \"module_type\": \"binary\", \"text\": \"words\""
  }

  @Test("what ends as the script says passes")
  func passes() throws {
    let (status, output) = try run([
      command("module", "valid"), command("assert_malformed", "malformed"), command("assert_invalid", "invalid"),
    ])
    #expect(status == 0)
    #expect(output.last == "3 passed, 0 failed, 0 skipped")
  }

  static let failures = [
    ("assert_malformed", "valid", "accepted, in spite of: words"),
    ("assert_invalid", "valid", "accepted, in spite of: words"),
    ("assert_malformed", "invalid", "expected: words; found: invalid module: unknown function 0, at offset 10"),
    ("assert_invalid", "malformed", "expected: words; found: malformed module: malformed section id, at offset 8"),
    ("module", "invalid", "invalid module: unknown function 0, at offset 10"),
  ]

  @Test("what does not is named with its line, and fails the run", arguments: failures)
  func fails(type: String, module: String, reason: String) throws {
    let (status, output) = try run([command("module", "valid"), command(type, module)])
    #expect(status == 1)
    #expect(output.first == "FAIL script.wast:2: \(type): \(reason)")
    #expect(output.last == "1 passed, 1 failed, 0 skipped")
  }

  @Test("a skip names file, line and feature, and so do calls into what was skipped")
  func skips() throws {
    let call =
      "\"type\": \"assert_return\", \"action\": {\"type\": \"invoke\", \"field\": \"f\", \"args\": []}, \"expected\": []"
    let (status, output) = try run([command("module", "vectors"), call, command("module", "valid")])
    #expect(status == 0)
    #expect(
      output.prefix(2) == ["skip script.wast:1: module: needs SIMD", "skip script.wast:2: assert_return: needs SIMD"])
    #expect(output.last == "1 passed, 0 failed, 2 skipped")
  }

  @Test("modules in text format are counted, not tried")
  func text() throws {
    let (status, output) = try run([
      "\"type\": \"assert_malformed\", \"filename\": \"a.wat\", \"module_type\": \"text\", \"text\": \"words\""
    ])
    #expect(status == 0)
    #expect(output == ["skipped: 1, a module in text format", "0 passed, 0 failed, 1 skipped"])
  }
}
