import ArgumentParser
import Ftrace
import Glibc

Terminal.fillClosedStreams()
do {
  try Root.checkCommandName(CommandLine.arguments.dropFirst().first)
  var command = try Root.parseAsRoot()
  try command.run()
} catch {
  exit(Root.report(error))
}
