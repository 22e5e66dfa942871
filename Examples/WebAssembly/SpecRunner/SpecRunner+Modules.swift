import FoundationEssentials
import FtraceWasm

extension SpecRunner {
  /// The module's bytes; nil if the script has it as text only.
  func bytes(of command: SpecCommand) throws -> [UInt8]? {
    let isText = command.moduleType == "text"
    guard let name = isText ? command.binaryFilename : command.filename else { return nil }
    return [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + name)))
  }

  /// Decodes and validates; nil for a module in text format.
  mutating func load(_ command: SpecCommand) throws -> Result<ValidatedModule, WasmModuleError>? {
    guard let bytes = try bytes(of: command) else { return nil }
    let features = HostEngine.features
    do throws(WasmModuleError) {
      return .success(try WasmModule(decoding: bytes, features: features).validate(features: features))
    } catch {
      if case .unsupported(let feature) = error.kind { noteEffects(of: bytes, skippedFor: .feature(feature)) }
      return .failure(error)
    }
  }

  /// Remembers which instances a module that is skipped could have written to: those that it imports from, as far as its
  /// imports can be told.
  private mutating func noteEffects(of bytes: [UInt8], skippedFor reason: SpecReport.SkipReason) {
    guard let module = try? WasmModule(decoding: bytes, features: .multipleMemories) else { return }
    for item in module.imports {
      guard let instance = imported(item.module) else { continue }
      incomplete[ObjectIdentifier(instance)] = reason
    }
  }

  mutating func module(_ command: SpecCommand) -> Outcome {
    let loaded: Result<ValidatedModule, WasmModuleError>?
    do { loaded = try load(command) } catch { return .failed("\(error)") }
    let (instance, outcome) = loaded.map { instantiate($0) } ?? (.missing(.text), .skipped(.text))
    remember(instance, as: command.name)
    return outcome
  }

  mutating func define(_ command: SpecCommand) -> Outcome {
    do {
      guard let loaded = try load(command) else { return .skipped(.text) }
      latestDefinition = loaded
      if let name = command.name { definitions[name] = loaded }
      switch loaded {
      case .success: return .passed
      case .failure(let error): return outcome(of: error)
      }
    } catch { return .failed("\(error)") }
  }

  mutating func instantiateDefinition(_ command: SpecCommand) -> Outcome {
    guard let definition = command.module.map({ definitions[$0] }) ?? latestDefinition else {
      return .failed("no definition \(command.module ?? "")")
    }
    let (instance, outcome) = instantiate(definition)
    remember(instance, as: command.instance)
    return outcome
  }

  private mutating func remember(_ instance: Instance, as name: String?) {
    latest = instance
    if let name { instances[name] = instance }
  }

  mutating func register(_ command: SpecCommand) -> Outcome {
    guard let instance = command.name.map({ instances[$0] }) ?? latest, let name = command.registeredName else {
      return .failed("nothing to register")
    }
    registered[WasmName(name)] = instance
    switch instance {
    case .running: return .passed
    case .missing(let reason): return .skipped(reason)
    case .failed: return .failed("its module failed")
    }
  }

  func instantiate(_ loaded: Result<ValidatedModule, WasmModuleError>) -> (Instance, Outcome) {
    switch loaded {
    case .failure(let error):
      if case .unsupported(let feature) = error.kind {
        return (.missing(.feature(feature)), .skipped(.feature(feature)))
      }
      return (.failed, .failed(error.description))
    case .success(let module):
      if let reason = missingImport(of: module) { return (.missing(reason), .skipped(reason)) }
      do throws(SpecFailure) {
        return (.running(try engine.instantiate(module, imports: imported)), .passed)
      } catch { return (.failed, .failed(error.description)) }
    }
  }

  func imported(_ name: WasmName) -> HostInstance? {
    guard case .running(let instance) = registered[name] else { return nil }
    return instance
  }

  /// Why a module that this one imports from is not there, if it was skipped.
  func missingImport(of module: ValidatedModule) -> SpecReport.SkipReason? {
    for item in module.module.imports {
      if case .missing(let reason) = registered[item.module] { return reason }
    }
    return nil
  }

  func outcome(of error: WasmModuleError) -> Outcome {
    if case .unsupported(let feature) = error.kind { return .skipped(.feature(feature)) }
    return .failed(error.description)
  }
}
