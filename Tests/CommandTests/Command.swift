import Foundation
import Testing

/// One run of the `ftrace` that was built with the tests.
struct Command {
  var status: Int32
  var output: String
  var errors: String

  /// The lines of the output, and of the errors.
  var lines: [Substring] { output.split(separator: "\n") }
  var errorLines: [Substring] { errors.split(separator: "\n") }

  /// The executable lies beside the tests'.
  static var executable: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("ftrace")
  }

  /// - Parameters:
  ///   - shell: commands before the run, as `ulimit -v 1000`.
  ///   - redirect: where the shell sends the output instead.
  static func run(
    _ arguments: String..., input: String = "", shell: String? = nil, redirect: String = ""
  ) throws -> Command {
    try run(arguments, input: input, shell: shell, redirect: redirect)
  }

  static func run(_ arguments: [String], input: String = "", shell: String? = nil, redirect: String = "") throws
    -> Command
  {
    let process = Process()
    let executable = executable
    try #require(FileManager.default.isExecutableFile(atPath: executable.path), "swift build --product ftrace")
    if shell == nil && redirect.isEmpty {
      process.executableURL = executable
      process.arguments = arguments
    } else {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", (shell.map { $0 + "; " } ?? "") + "exec \"$0\" \"$@\" " + redirect, executable.path] + arguments
    }
    // Files, so that neither side waits for a pipe.
    let folder = try TemporaryFolder()
    let (output, errors, standardInput) = (folder.file("output"), folder.file("errors"), folder.file("input"))
    for file in [output, errors] { try Data().write(to: file) }
    try Data(input.utf8).write(to: standardInput)
    process.standardInput = try FileHandle(forReadingFrom: standardInput)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "\(arguments) died of a signal")
    return Command(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}

/// A folder that is removed with the object.
final class TemporaryFolder {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ftrace-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  func write(_ text: String, to name: String) throws -> String {
    let file = file(name)
    try Data(text.utf8).write(to: file)
    return file.path
  }
}
