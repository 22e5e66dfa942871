import ArgumentParser
import Ftrace
import Glibc

Terminal.fillClosedStreams()
do {
  try Root.checkCommandName(CommandLine.arguments.dropFirst())
  var command = try Root.parseAsRoot()
  try command.run()
} catch {
  exit(Root.report(error))
}
