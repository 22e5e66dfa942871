import CFtraceShims
import Synchronization

/// The process-wide domain of quiescence: one registry of workers, one stop at a time.
public enum Quiescence {
  /// Held around a stop, before the registry's lock.
  static let stopLock = FairLock()

  /// Result of registering with membarrier(2), once for the process.
  private static let membarrierError: Int32 = ftrace_membarrier_register()

  /// Makes stops possible in this process. Called by each runtime when it starts.
  package static func prepare() throws(QuiesceError) {
    guard membarrierError == 0 else { throw .membarrierUnavailable(errno: membarrierError) }
  }

  /// Whether the calling thread runs a tracer's callback.
  public static var isInsideCallback: Bool { ftrace_thread_inside_callback() }

  /// Number of registered threads. Waits while a stop is under way.
  public static var workerCount: Int {
    FtraceQuiescence.parked { Int(ftrace_registry_count()) }
  }

  /// What a back-edge poll does, for a caller in Swift.
  @inline(never)
  static func poll() {
    FtraceQuiescence.parked {}
  }

  /// Serialises the cores of this process, so that none runs on bytes that it fetched before.
  package static func serialiseCores() { ftrace_serialise_cores() }
}
