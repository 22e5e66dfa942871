import FtraceX86Assembler

/// A Swift closure that emitted code can call. The closure lives as long as this handle, or code that refers to it.
public final class HostHandle: Sendable {
  let core: RuntimeCore
  let id: EntityNumber
  /// As it was declared.
  public let name: String
  public let signature: Signature
  // Safe: touched under the engine's lock alone.
  private nonisolated(unsafe) let entity: HostEntity

  /// Under the engine's lock.
  init(_ entity: HostEntity, core: RuntimeCore) {
    self.core = core
    unsafe self.entity = entity
    id = entity.id
    name = entity.name
    signature = entity.signature
    entity.handles += 1
  }

  deinit { core.drop(unsafe .host(entity)) }

  /// The symbol that emitted code calls the closure by: `f.call(slot: host.symbol)`.
  public var symbol: Symbol { EngineSymbol.host(id).symbol }
}

/// A closure behind a thunk. The thunk calls `invoke` with the address of this object, the arguments, and the place of the result,
/// each value in eight bytes.
open class HostClosure {
  public init() {}

  /// Reads the arguments, runs the closure, writes the result.
  open func invoke(_ arguments: UnsafePointer<UInt64>, _ result: UnsafeMutablePointer<UInt64>) {}
}
