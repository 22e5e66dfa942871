import Ftrace
import FtraceWasm

/// The host of this package, with functions compiled at their first call. Each script has one of its own, with a store of its own.
final class HostEngine {
  /// All scripts share one runtime: a process has eight at most.
  private static let engine: Result<WasmEngine, FtraceError> = {
    do throws(FtraceError) {
      var configuration = Configuration()
      configuration.recording = .atEmission
      return .success(try WasmEngine(TraceRuntime(configuration)))
    } catch { return .failure(error) }
  }()

  /// What modules may use.
  static let features = WasmFeatures.standard

  private let engine: WasmEngine
  private let store: WasmStore

  init() {
    guard case .success(let engine) = Self.engine else { preconditionFailure("no runtime: \(Self.engine)") }
    self.engine = engine
    store = WasmStore(engine)
  }

  /// Links a module, copies its active segments, calls its start function.
  ///
  /// - Parameter imports: the instance that is registered under a name.
  func instantiate(
    _ module: ValidatedModule, imports: (WasmName) -> HostInstance?
  ) throws(SpecFailure) -> HostInstance {
    let compiled: CompiledModule
    do throws(FtraceError) { compiled = try CompiledModule(module, engine: engine) } catch {
      throw .host("\(error)")
    }
    do throws(WasmInstantiationError) {
      let instance = try WasmInstance(compiled, in: store) { module, name in
        imports(module)?.instance.exports[name]
      }
      return HostInstance(instance, store)
    } catch { throw SpecFailure(error) }
  }
}

/// A module that was instantiated, seen through its exports.
final class HostInstance {
  fileprivate let instance: WasmInstance
  private let store: WasmStore

  fileprivate init(_ instance: WasmInstance, _ store: WasmStore) { (self.instance, self.store) = (instance, store) }

  func invoke(_ name: String, _ arguments: [SpecValue]) throws(SpecFailure) -> [SpecValue] {
    guard let function = instance.function(WasmName(name)) else { throw .host("no function \(name)") }
    do throws(WasmTrap) {
      return try store.call(function, arguments.map(WasmValue.init)).map(SpecValue.init)
    } catch { throw SpecFailure(error) }
  }

  func global(_ name: String) throws(SpecFailure) -> SpecValue {
    guard case .global(let global) = instance.exports[WasmName(name)] else { throw .host("no global \(name)") }
    return SpecValue(global.value)
  }
}

extension SpecFailure {
  fileprivate init(_ error: WasmInstantiationError) {
    switch error {
    case .unknownImports, .incompatibleImport: self = .unlinkable("\(error)")
    case .noMemory, .runtime: self = .host("\(error)")
    case .trap(let trap): self = SpecFailure(trap)
    }
  }

  fileprivate init(_ trap: WasmTrap) {
    switch trap.kind {
    case .stackExhausted: self = .exhaustion(trap.message)
    case .uncaughtException: self = .exception
    default: self = .trap(trap.message)
    }
  }
}

extension WasmValue {
  fileprivate init(_ value: SpecValue) {
    switch value {
    case .i32(let value): self = .i32(value)
    case .i64(let value): self = .i64(value)
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .funcref: self = .funcref(0)
    case .externref(let value): self = .externref(value.map(UInt.init))
    case .exnref: self = .externref(nil)
    }
  }
}

extension SpecValue {
  fileprivate init(_ value: WasmValue) {
    switch value {
    case .i32(let value): self = .i32(value)
    case .i64(let value): self = .i64(value)
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .funcref(let address): self = .funcref(isNull: address == 0)
    case .externref(let value): self = .externref(value.map { UInt32(truncatingIfNeeded: $0) })
    }
  }
}
