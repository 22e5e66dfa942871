import ArgumentParser
import FoundationEssentials

@main
struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wasm-spec", abstract: "Runs test scripts of the WebAssembly specification.",
    discussion: """
      The scripts are converted first, to a list of commands and the modules beside it; scripts/spec-tests does that. \
      Exit status: 0 if nothing failed, 1 if something did.
      """)

  @Argument(help: "Converted scripts (.json), or folders that are searched for them.")
  var paths: [String]

  @Flag(help: "List every skipped command, also of modules in text format and for want of an engine.")
  var listSkips = false

  func run() throws {
    var report = SpecReport(listsAllSkips: listSkips)
    for script in try paths.flatMap(scripts) {
      var runner = SpecRunner(path: script)
      runner.run(try SpecScript(contentsOf: script), &report)
    }
    report.summarize()
    if report.failed > 0 { throw ExitCode.failure }
  }

  /// The scripts at or below a path, in the order of their names.
  private func scripts(at path: String) throws -> [String] {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ValidationError("no file or folder \(path)")
    }
    if !isFolder { return [path] }
    return try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
      .map { path + "/" + $0 }
  }
}
