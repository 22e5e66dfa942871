import FtraceCodeMemory
import FtraceQuiescence
import FtraceX86Assembler

/// A runtime: executable memory, the functions in it, and their tracing.
///
/// Several live in one process, up to eight. All members may be used from any thread; those that stop the world wait for the
/// workers, count as parked meanwhile, and are refused inside a tracer's callback. Most have an `async` form that waits on a
/// thread of its own.
///
/// When the runtime is let go, its ops are unregistered, in a stop: let go of it where waiting for the workers is no harm. The memory is
/// unmapped when all handles of its functions have gone as well, and no worker is in its code. A closure that the runtime keeps (a host function's, a tracer's) and that itself captures a handle
/// or the runtime keeps both alive, as closures do: capture weakly there.
public final class TraceRuntime: Sendable {
  package let core: RuntimeCoreReference
  /// What the runtime was made with.
  public let configuration: Configuration

  /// Makes a runtime. It waits for a stop if tracing is on at the start, or if runtimes that were let go in use are kept.
  /// - Throws: `.invalidConfiguration`, `.quiescence` (`.tooManyRuntimes`, `.unknownSetting`, `.insideCallback`, `.timedOut`), `.memory`, `.system`;
  ///   nothing is left behind.
  public init(_ configuration: Configuration = Configuration()) throws(FtraceError) {
    self.configuration = configuration
    core = RuntimeCoreReference(try RuntimeCore(configuration))
  }

  /// Waits as the other form does, on a thread of its own.
  /// - Throws: beside what the other throws, `.system` if the system has no thread to spare.
  public init(_ configuration: Configuration = Configuration()) async throws(FtraceError) {
    self.configuration = configuration
    core = RuntimeCoreReference(
      try await onOwnThread { () throws(FtraceError) in try RuntimeCore(configuration) })
  }

  deinit { core.value.close() }

  func withState<Result>(
    _ body: (EngineState) throws(FtraceError) -> Result
  ) throws(FtraceError) -> Result {
    try core.value.withState(body)
  }

  /// What does not throw.
  func read<Result>(_ body: (EngineState) -> Result) -> Result {
    core.value.state.withLock { body($0) }
  }
}

/// The core, opaque to other modules of the package.
package struct RuntimeCoreReference: Sendable {
  let value: RuntimeCore
  init(_ value: RuntimeCore) { self.value = value }
}
