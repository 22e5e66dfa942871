import FoundationEssentials
import FtraceWasm

/// Runs the commands of one script, in order.
struct SpecRunner {
  /// What became of a module of the script.
  enum Instance {
    case running(HostInstance)
    /// Commands that use it are skipped for the same reason.
    case missing(SpecReport.SkipReason)
    /// It failed, which was counted; commands that use it fail with it.
    case failed
  }

  /// How a command ended.
  enum Outcome {
    case passed
    case failed(String)
    case skipped(SpecReport.SkipReason)
  }

  let path: String
  let folder: String
  let engine = HostEngine()
  var definitions: [String: Result<ValidatedModule, WasmModuleError>] = [:]
  var latestDefinition: Result<ValidatedModule, WasmModuleError>?
  var instances: [String: Instance] = [:]
  var registered: [WasmName: Instance] = [:]
  var latest: Instance?
  /// Instances that a skipped module would have written to: what they answer from then on is not what the script expects.
  var incomplete: [ObjectIdentifier: SpecReport.SkipReason] = [:]

  init(path: String) {
    self.path = path
    folder = URL(filePath: path).deletingLastPathComponent().path
  }

  mutating func run(_ script: SpecScript, _ report: inout SpecReport) {
    registered["spectest"] = instantiateSpectest()
    let script = script.commands
    let file = URL(filePath: path).deletingPathExtension().lastPathComponent + ".wast"
    for command in script {
      let place = "\(file):\(command.line)"
      switch run(command) {
      case .passed: report.pass(command)
      case .failed(let reason): report.fail(place, command, reason)
      case .skipped(let reason): report.skip(place, command, reason)
      }
    }
  }

  private mutating func run(_ command: SpecCommand) -> Outcome {
    switch command.type {
    case .module: module(command)
    case .moduleDefinition: define(command)
    case .moduleInstance: instantiateDefinition(command)
    case .register: register(command)
    case .assertMalformed: assertMalformed(command)
    case .assertInvalid: assertInvalid(command)
    case .assertUnlinkable: assertUnlinkable(command)
    case .assertUninstantiable: assertUninstantiable(command)
    case .action, .assertReturn, .assertTrap, .assertExhaustion, .assertException: act(command)
    }
  }

  private func instantiateSpectest() -> Instance {
    do {
      let module = try WasmModule(decoding: SpectestModule.bytes).validate()
      return .running(try engine.instantiate(module, imports: { _ in nil }))
    } catch {
      preconditionFailure("the module spectest: \(error)")
    }
  }
}
