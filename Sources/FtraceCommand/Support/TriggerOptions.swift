import ArgumentParser
import Ftrace

/// What is to happen when certain functions are entered.
struct TriggerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When a function that matches is entered: traceon, traceoff, snapshot or stacktrace; with a number so often. Can be given several times.",
      valueName: "glob:action[:count]"))
  var trigger: [TriggerText] = []

  @Flag(help: "Record nothing before a trigger switches the recording on.")
  var paused = false

  func validate() throws {
    if paused, !trigger.contains(where: { $0.trigger.action == .traceOn }) {
      throw ValidationError("--paused records nothing without a --trigger GLOB:traceon")
    }
  }

  /// Why these do not go with a tracer; nil: they do.
  func problem(for tracer: String?) -> String? {
    let tracer = tracer ?? NopTracer.name
    // One that does not exist is another error.
    if trigger.isEmpty || RecordedTracer(rawValue: tracer) != nil || Tracers.named(tracer) == nil { return nil }
    return "--trigger is for the tracers function and function_graph: \(tracer) records no events"
  }
}

/// A trigger as the kernel's `set_ftrace_filter` has it: `GLOB:ACTION` or `GLOB:ACTION:COUNT`.
struct TriggerText: ExpressibleByArgument {
  var trigger: TraceTrigger
  /// As it was typed.
  var glob: String

  init?(argument: String) {
    // Names may have colons.
    var parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    var count: Int?
    if let last = parts.last, parts.count > 2, let number = Int(last) {
      guard number > 0 else { return nil }
      count = number
      parts.removeLast()
    }
    guard parts.count >= 2, let action = TraceTrigger.Action(rawValue: String(parts.removeLast())) else { return nil }
    glob = parts.joined(separator: ":")
    guard !glob.isEmpty else { return nil }
    trigger = TraceTrigger([Glob(glob)], action, count: count)
  }
}
