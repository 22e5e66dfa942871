import FtraceWasm

// Calls of exported functions, and what they must end with.
extension SpecRunner {
  func act(_ command: SpecCommand) -> Outcome {
    guard let action = command.action else { return .failed("no action") }
    guard let target = action.module.map({ instances[$0] }) ?? latest else {
      return .failed("no instance \(action.module ?? "")")
    }
    let instance: HostInstance
    switch target {
    case .running(let running): instance = running
    case .missing(let reason): return .skipped(reason)
    case .failed: return .failed("its module failed")
    }
    var arguments: [SpecValue] = []
    for constant in action.args ?? [] {
      guard let value = SpecValue(constant) else { return .skipped(.feature("values of type \(constant.type)")) }
      arguments.append(value)
    }
    let outcome = outcome(of: command, action, instance, arguments)
    if case .failed = outcome, let reason = incomplete[ObjectIdentifier(instance)] { return .skipped(reason) }
    return outcome
  }

  private func outcome(
    of command: SpecCommand, _ action: SpecAction, _ instance: HostInstance, _ arguments: [SpecValue]
  ) -> Outcome {
    do throws(SpecFailure) {
      let results =
        switch action.type {
        case .invoke: try instance.invoke(action.field, arguments)
        case .get: [try instance.global(action.field)]
        }
      return check(results, command, action)
    } catch {
      return check(error, command, action)
    }
  }

  private func check(_ results: [SpecValue], _ command: SpecCommand, _ action: SpecAction) -> Outcome {
    let found = results.map(\.description).joined(separator: ", ")
    switch command.type {
    case .action: return .passed
    case .assertReturn:
      var patterns: [SpecPattern] = []
      for constant in command.expected ?? [] {
        guard let pattern = SpecPattern(constant) else { return .skipped(.feature("values of type \(constant.type)")) }
        patterns.append(pattern)
      }
      if patterns.count == results.count, zip(patterns, results).allSatisfy({ $0.matches($1) }) { return .passed }
      let expected = patterns.map(\.description).joined(separator: ", ")
      return .failed("\(action.field): expected [\(expected)], found [\(found)]")
    default: return .failed("\(action.field): expected: \(command.text ?? "an exception"), found [\(found)]")
    }
  }

  private func check(_ failure: SpecFailure, _ command: SpecCommand, _ action: SpecAction) -> Outcome {
    switch (command.type, failure) {
    case (.assertTrap, .trap(let text)) where Self.agrees(text, with: command.text): .passed
    case (.assertExhaustion, .exhaustion), (.assertException, .exception): .passed
    default: .failed("\(action.field): expected: \(command.text ?? "results"); found: \(failure)")
    }
  }
}
