import Foundation

/// Runs of `wasm-spec`, which lies beside the tests, and of what else the tests of scripts need.
enum SpecRunner {
  static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    return try run(tests.appending(path: "wasm-spec"), arguments)
  }

  /// - Returns: the exit status, and standard output and errors as one text.
  static func run(_ executable: URL, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
