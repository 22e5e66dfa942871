import CFtraceShims
import CFtraceTraceBuffer
import FtracePlatform
import FtraceQuiescence
import Glibc
import Synchronization

/// Keeps the word of the coarse clock running: one thread for the process, as long as somebody holds a `CoarseClock`.
///
/// The word is CLOCK_MONOTONIC in units of 2^20 ns, refreshed about every half millisecond. After fork(2) the child has no such thread:
/// its word stands still until the next ``start()`` there.
public final class CoarseClock: Sendable {
  private struct Helper {
    var holders = 0
    var process: pid_t = 0
    var thread: HelperThread?
    var stopping = StopFlag()
  }

  private final class StopFlag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  private static let helper: ShortLocked<Helper> = {
    let helper = ShortLocked(Helper())
    AtFork.add(helper.lock)
    return helper
  }()

  private init() {}

  /// Address of the word, for emitted code.
  public static var address: UInt { UInt(bitPattern: unsafe ftrace_coarse_address()) }

  /// The word now: units of 2^20 ns of CLOCK_MONOTONIC.
  public static var now: UInt64 { ftrace_coarse_read() }

  /// Holds the clock; its thread is started if this process has none.
  /// - Throws: `EAGAIN` of pthread_create(3) if the system has no thread to spare.
  public static func start() throws(SystemError) -> CoarseClock {
    try helper.withLock { helper throws(SystemError) in
      if helper.process != getpid() {
        // The first in this process: what a parent's thread was called is of no use here.
        helper = Helper(process: getpid())
      }
      if helper.thread == nil {
        ftrace_coarse_refresh()
        let stop = StopFlag()
        helper.stopping = stop
        helper.thread = try HelperThread(named: "ftrace-clock") {
          // Pairs with the release in `deinit`.
          while !stop.isSet.load(ordering: .acquiring) {
            ftrace_coarse_refresh()
            ftrace_sleep(500_000)
          }
        }
      }
      helper.holders += 1
      return CoarseClock()
    }
  }

  deinit {
    Self.helper.withLock { helper in
      guard helper.process == getpid(), helper.holders > 0 else { return }
      helper.holders -= 1
      guard helper.holders == 0 else { return }
      helper.stopping.isSet.store(true, ordering: .releasing)
      helper.thread?.detach()
      helper.thread = nil
    }
  }
}
