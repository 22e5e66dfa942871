import ArgumentParser

struct LifeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "life",
    abstract: "Walk functions through the whole life of a call site, and show what each step costs.")

  func run() throws {}
}
