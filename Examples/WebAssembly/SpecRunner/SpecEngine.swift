import FtraceWasm

/// What runs modules. Each script has an engine of its own.
protocol SpecEngine: AnyObject {
  /// Features beyond the standard ones that the engine runs.
  var features: WasmFeatures { get }

  /// Links a module, copies its active segments, calls its start function.
  ///
  /// - Parameter imports: the instance that is registered under a name.
  func instantiate(
    _ module: ValidatedModule, imports: (WasmName) -> (any SpecInstance)?
  ) throws(SpecFailure) -> any SpecInstance
}

/// A module that was instantiated, seen through its exports.
protocol SpecInstance: AnyObject {
  func invoke(_ name: String, _ arguments: [SpecValue]) throws(SpecFailure) -> [SpecValue]
  func global(_ name: String) throws(SpecFailure) -> SpecValue
}

/// How an instantiation or a call ends that does not succeed.
enum SpecFailure: Error, CustomStringConvertible {
  /// An import that is missing or of another type.
  case unlinkable(String)
  /// A trap, in the specification's words: `out of bounds memory access`.
  case trap(String)
  /// The call stack is full.
  case exhaustion(String)
  /// An exception that nobody caught.
  case exception
  /// The engine cannot do this yet; the text names the feature.
  case unsupported(String)

  var description: String {
    switch self {
    case .unlinkable(let text): "unlinkable: \(text)"
    case .trap(let text): "trap: \(text)"
    case .exhaustion(let text): "exhaustion: \(text)"
    case .exception: "an exception that was not caught"
    case .unsupported(let feature): "unsupported: \(feature)"
    }
  }
}

/// The engine under test, for one script; with nil modules are decoded and validated only.
func makeEngine() -> (any SpecEngine)? {
  HostEngine()
}
