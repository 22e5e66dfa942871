import FtraceWasm

// Modules that must not be accepted.
extension SpecRunner {
  mutating func assertMalformed(_ command: SpecCommand) -> Outcome {
    refused(command) { $0 == .malformed }
  }

  mutating func assertInvalid(_ command: SpecCommand) -> Outcome {
    refused(command) { $0 == .invalid }
  }

  private mutating func refused(_ command: SpecCommand, as isExpected: (WasmModuleError.Kind) -> Bool) -> Outcome {
    let expected = command.text ?? "a complaint"
    do {
      guard let loaded = try load(command) else { return .skipped(.text) }
      guard case .failure(let error) = loaded else { return .failed("accepted, in spite of: \(expected)") }
      if isExpected(error.kind) { return .passed }
      if case .unsupported(let feature) = error.kind { return .skipped(.feature(feature)) }
      return .failed("expected: \(expected); found: \(error)")
    } catch {
      return .failed("\(error)")
    }
  }

  mutating func assertUnlinkable(_ command: SpecCommand) -> Outcome {
    notInstantiated(command) { failure in
      if case .unlinkable = failure { true } else { false }
    }
  }

  mutating func assertUninstantiable(_ command: SpecCommand) -> Outcome {
    notInstantiated(command) { failure in
      switch failure {
      case .trap(let text): Self.agrees(text, with: command.text)
      case .exhaustion, .exception: true
      case .unlinkable, .host: false
      }
    }
  }

  private mutating func notInstantiated(_ command: SpecCommand, _ isExpected: (SpecFailure) -> Bool) -> Outcome {
    do {
      guard let loaded = try load(command) else { return .skipped(.text) }
      guard case .success(let module) = loaded else { return instantiate(loaded).1 }
      if let reason = missingImport(of: module) { return .skipped(reason) }
      do throws(SpecFailure) {
        _ = try engine.instantiate(module, imports: imported)
        return .failed("instantiated, in spite of: \(command.text ?? "")")
      } catch {
        if isExpected(error) { return .passed }
        return .failed("expected: \(command.text ?? ""); found: \(error)")
      }
    } catch {
      return .failed("\(error)")
    }
  }

  /// Whether an engine's words are the specification's, up to what either adds (`uninitialized element 2`).
  static func agrees(_ text: String, with expected: String?) -> Bool {
    guard let expected else { return true }
    return text.hasPrefix(expected) || expected.hasPrefix(text)
  }
}
