import ArgumentParser
import Ftrace

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Print what 'ftrace record' has recorded.",
    discussion: """
      The trace has the kernel's layout. A file that is damaged, or whose process was killed, is printed up to the damage, a ring \
      without what is damaged; then the \
      command says where it is, and ends with 65.
      """)

  @Argument(help: ArgumentHelp("The file.", valueName: "file"))
  var file: String

  @Flag(help: "Print sums as JSON instead: entries, exits, lost, unwound, and what is open at both ends.")
  var json = false

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Print so many lines, and how many more there are.", valueName: "n"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit is a number from 0") }
  }

  func run() throws {
    let read: TraceFile
    do throws(TraceFileError) { read = try TraceFile(path: file) } catch {
      switch error {
      case .system(_, _, let errno, _): throw CommandFailure(unreadable: error.description, errno: errno)
      case .notATrace: throw CommandFailure(.malformedInput, error.description)
      }
    }
    let trace = RecordedTracer.report(of: read.contents)
    if json {
      Terminal.print(Self.json(trace, isWhole: read.damage == nil))
    } else {
      trace.write(limit: limit) { Terminal.write($0) }
    }
    try Terminal.checkOutput()
    if let damage = read.damage {
      let others = read.damagedBlocks > 1 ? ", and \(read.damagedBlocks - 1) more blocks are damaged" : ""
      throw CommandFailure(.malformedInput, "\(file): \(damage)\(others)")
    }
    if !read.wasEnded, !read.isRing {
      Terminal.complain("\(file) was not ended: the process was killed, or could not write on")
    }
  }

  private static func json(_ trace: any RecordedTrace, isWhole: Bool) -> String {
    let numbers = trace.sums.map { "\"\($0.name)\": \($0.value)" }.joined(separator: ", ")
    return "{\(numbers), \"clock\": \"\(trace.calibration.clock)\", \"whole\": \(isWhole)}"
  }
}
