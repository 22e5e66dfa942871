import ArgumentParser
import Ftrace

struct LifeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "life",
    abstract: "Walk functions through the whole life of a call site, and show what each step costs.",
    discussion: """
      First one function, with the bytes of its site and their disassembly at each step; then ten thousand, with a worker that \
      loops in emitted code and has to be stopped. What is shown is checked: if a call is lost or a byte is not what it should \
      be, the exit code is 1.
      """)

  @Option(parsing: .unconditional, help: ArgumentHelp("Functions of the second part, 1 to 1000000.", valueName: "n"))
  var functions = 10_000

  func validate() throws {
    guard (1...1_000_000).contains(functions) else {
      throw ValidationError("--functions is a number from 1 to 1000000")
    }
  }

  func run() throws {
    do throws(FtraceError) {
      try OneFunction().walk()
      try ManyFunctions(count: functions).walk()
    } catch { throw CommandFailure(error) }
    try LifeCheck.report()
    try Terminal.checkOutput()
  }
}
