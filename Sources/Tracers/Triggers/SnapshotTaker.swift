import FtraceEngine
import FtracePlatform
import FtraceTraceBuffer
import Glibc

/// A thread that takes snapshots when triggers ask for them: a callback cannot.
final class SnapshotTaker: Sendable {
  private let state: TriggerState
  private let thread: HelperThread
  private let process = getpid()

  /// - Parameter keep: is handed each.
  /// - Throws: `.system` if the system has no thread to spare.
  init(
    _ state: TriggerState, _ buffer: TraceBuffer, _ keep: @escaping @Sendable (TraceSnapshot) -> Void
  ) throws(FtraceError) {
    self.state = state
    do throws(SystemError) {
      thread = try HelperThread(named: "ftrace-snapshot") {
        var seen: UInt32 = 0
        while true {
          let (asked, ended) = state.wait(seen)
          if asked != seen { keep(buffer.snapshot()) }
          if ended { return }
          seen = asked
        }
      }
    } catch { throw .system(error) }
  }

  /// Ends the thread, which takes what was asked for before. In the child of a fork there is none. Once.
  func finish() {
    state.end()
    if process == getpid() { thread.join() }
  }
}
