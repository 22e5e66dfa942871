import Foundation
import Testing

/// What a worker must not be used for does not compile, and its corrected twin does.
@Suite struct WorkerCompileTimeTests {
  private struct Snippet: Sendable {
    let wrong: String
    let right: String
    let message: String
  }

  private static let snippets = [
    Snippet(
      wrong: "func f0(_ w: borrowing Worker) { let other = w; other.poll() }",
      right: "func f0(_ w: borrowing Worker) { w.poll() }", message: "'w' is borrowed and cannot be consumed"),
    Snippet(
      wrong: "func f1() throws { try withWorker { w in Task { w.poll() } } }",
      right: "func f1() throws { try withWorker { w in w.poll() } }", message: "'sending' parameter"),
    Snippet(
      wrong: "func f2(_ w: consuming Worker) async { await send(w) }",
      right: "func f2(_ w: consuming Worker) async { await keep(w) }", message: "to 'Sendable' is unavailable"),
    Snippet(
      wrong: "func f3() throws { try withWorker { w in await wait() } }",
      right: "func f3() async throws { try withWorker { w in w.poll() }; await wait() }",
      message: "no exact matches in call to global function 'withWorker'"),
    Snippet(
      wrong: "func f4(_ w: borrowing Worker) async { w.inside { await wait() } }",
      right: "func f4(_ w: borrowing Worker) { w.inside { w.poll() } }", message: "synchronous function type"),
  ]

  private static let prelude =
    "import FtraceQuiescence; func wait() async {}; func keep(_ w: borrowing Worker) async {}; "
    + "func send<T: Sendable & ~Copyable>(_ t: borrowing T) async {}"

  @Test func correctedSnippetsCompile() throws {
    let output = try typecheck(Self.snippets.map(\.right))
    #expect(output.status == 0, "\(output.text)")
  }

  @Test func eachWrongSnippetIsAnError() throws {
    // Each by itself: some errors are found only where there is none of another kind.
    for snippet in Self.snippets {
      let output = try typecheck([snippet.wrong])
      #expect(output.status != 0, "\(snippet.wrong) compiles")
      let errors = output.text.split(separator: "\n").filter {
        $0.contains("Snippets.swift:2:") && $0.contains("error:")
      }
      #expect(errors.contains { $0.contains(snippet.message) }, "\(snippet.wrong) fails otherwise: \(output.text)")
    }
  }

  private func typecheck(_ lines: [String]) throws -> (status: Int32, text: String) {
    let build = try #require(Self.build, "the built modules are beside the tests")
    let folder = FileManager.default.temporaryDirectory.appending(path: "ftrace-snippets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "Snippets.swift")
    try ([Self.prelude] + lines).joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    func path(_ name: String) -> String { build.appending(path: name).path(percentEncoded: false) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      // Not -typecheck: what may be copied and consumed is found out in a later pass.
      "swiftc", "-emit-sil", "-o", "/dev/null", "-parse-as-library", "-swift-version", "6", "-diagnostic-style", "llvm",
      "-I", path("Modules"), "-Xcc", "-fmodule-map-file=" + path("CFtraceShims.build/module.modulemap"),
      file.path(percentEncoded: false),
    ]
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// This build's folder: that of the test executable.
  private static let build: URL? = {
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return (CommandLine.arguments + [executable ?? ""]).lazy
      .map { URL(filePath: $0).deletingLastPathComponent() }
      .first {
        FileManager.default.fileExists(
          atPath: $0.appending(path: "Modules/FtraceQuiescence.swiftmodule").path(percentEncoded: false))
      }
  }()
}
