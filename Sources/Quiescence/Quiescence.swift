import CFtraceShims
import FtracePlatform

/// The process-wide domain of quiescence: one registry of workers, one stop at a time.
public enum Quiescence {
  /// Held around a stop, before the registry's lock.
  static let stopLock = FairLock()

  /// How readers and stoppers are kept in order.
  public enum Mode: Sendable {
    /// The stopper makes every core pass a fence and serialise, by membarrier(2): readers execute neither.
    case membarrier
    /// Readers fence when they enter and leave, and each worker serialises its own core when it is released: the slower way, for
    /// kernels and sandboxes that refuse membarrier(2). `FTRACE_MEMBARRIER=off` in the environment asks for it; `on`, and no value, do not.
    case fences
  }

  /// What was found out when the first runtime was made, and holds for the life of the process.
  private struct Ways {
    var mode: Mode
    var membarrierError: Int32
    var signalError: Int32
    /// A value of the setting that means nothing, as it was found.
    var unknownSetting: String?
  }

  /// In the environment: whether membarrier(2) is used if the kernel allows it, `on` or `off`.
  private static let membarrierSetting = "FTRACE_MEMBARRIER"

  private static let ways: Ways = {
    let setting = Environment[membarrierSetting]
    let membarrierError = ftrace_barrier_choose(setting == "off")
    return Ways(
      mode: ftrace_barrier_mode() == FTRACE_BARRIER_FENCES ? .fences : .membarrier, membarrierError: membarrierError,
      signalError: ftrace_signal_install(0),
      unknownSetting: setting.flatMap { ["off", "on", ""].contains($0) ? nil : $0 })
  }()

  /// How readers and stoppers are kept in order in this process. Decided at the first use, once.
  public static var mode: Mode { ways.mode }

  /// Why the kernel refused membarrier(2): an errno, 0 if it did not, or was not asked.
  public static var membarrierError: Int32 { ways.membarrierError }

  /// The signal that stops workers which neither poll nor park, 0 if its handler could not be installed: then stops wait for them.
  ///
  /// A program must not block it on threads that run emitted code. Its own handler for that signal, if it was there before the first
  /// runtime, is called for signals that are not a stopper's.
  public static var stopSignal: Int32 { ways.signalError == 0 ? ftrace_signal_number() : 0 }

  /// Makes stops possible in this process. Called by each runtime when it starts.
  package static func prepare() { _ = ways }

  /// Throws where the environment asks for something that there is not.
  /// - Throws: `.unknownSetting`.
  package static func checkSettings() throws(QuiesceError) {
    if let value = ways.unknownSetting {
      throw .unknownSetting(name: membarrierSetting, value: value, allowed: ["on", "off"])
    }
  }

  /// Whether the calling thread runs a tracer's callback.
  public static var isInsideCallback: Bool { ftrace_thread_inside_callback() }

  /// Whether the calling thread runs a signal handler: on an alternate stack, or, on a registered thread, one that blocks its signal.
  public static var isInsideSignalHandler: Bool {
    prepare()
    return ftrace_inside_signal_handler()
  }

  /// Throws where a request for a stop would wait for the very thread that makes it.
  /// - Throws: `.insideCallback`, `.insideSignalHandler`.
  package static func refuseIfInside() throws(QuiesceError) {
    guard !isInsideCallback else { throw .insideCallback }
    guard !isInsideSignalHandler else { throw .insideSignalHandler }
  }

  /// Number of registered threads. Waits while a stop is under way.
  public static var workerCount: Int {
    FtraceQuiescence.parked { Int(ftrace_registry_count()) }
  }

  /// Calls `visit` for the channel of an ops in each worker's block, with the registry's lock held: it must neither wait nor ask for a
  /// stop. Waits while a stop is under way.
  package static func visitChannels(
    slot: UInt32, ops: UInt32,
    _ visit:
      @convention(c) (
        UnsafeMutablePointer<ftrace_channel>?, UnsafeMutablePointer<ftrace_worker_block>?, UnsafeMutableRawPointer?
      ) -> Void, _ context: UnsafeMutableRawPointer?
  ) {
    // Safe: the caller answers for the context; blocks stay as long as the runtime that has the slot.
    FtraceQuiescence.parked { unsafe ftrace_channels_visit(slot, ops, visit, context) }
  }

  /// What a back-edge poll does, for a caller in Swift.
  @inline(never)
  static func poll() {
    FtraceQuiescence.parked {}
  }

  /// Serialises the cores of this process, so that none runs on bytes that it fetched before.
  ///
  /// Where workers can only serialise themselves this is a stop, and can fail as one does.
  package static func serialiseCores(
    deadline: Duration = defaultDeadline, grace: Duration? = defaultGrace
  ) throws(QuiesceError) {
    prepare()
    // Safe: there is neither a plan nor a scan.
    if !ftrace_barrier_serialise_all() { _ = try unsafe stop(deadline: deadline, grace: grace) }
  }
}
