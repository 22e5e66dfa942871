import FtraceEngine
import FtracePlatform
import FtraceQuiescence
import FtraceTraceBuffer
import Glibc

/// The triggers of one tracer: an ops for each, newer than the tracer's own, so that at a site they come first.
final class TriggerSet: Sendable {
  /// What the tracer's own body asks.
  let state: TriggerState
  private let buffer: TraceBuffer
  private let beginsOn: Bool
  private let ops: [TraceOps]
  private let taker: SnapshotTaker?
  private let running = ShortLocked<TraceRuntime?>(nil)

  /// Nil if the options ask for nothing of it.
  /// - Throws: `.system` if there is no thread for snapshots.
  init?(_ options: TracerOptions, of buffer: TraceBuffer) throws(FtraceError) {
    if options.triggers.isEmpty && !options.beginsPaused { return nil }
    // Off until all triggers are in their places.
    let state = TriggerState(isOn: false)
    (self.state, self.buffer, beginsOn) = (state, buffer, !options.beginsPaused)
    ops = options.triggers.map { trigger in
      TraceOps(
        name: "trigger \(trigger.action.rawValue)", filter: TraceFilter(trace: trigger.functions),
        body: TriggerBody(trigger, state, of: buffer))
    }
    taker = options.triggers.contains { $0.action == .snapshot } ? try SnapshotTaker(state, buffer) : nil
    AtFork.add(running.lock)
  }

  /// Puts the triggers in their places, and switches the recording on. The tracer's own ops is registered.
  /// - Throws: as `TraceRuntime.register`; none is in its place then.
  func begin(in runtime: TraceRuntime) throws(FtraceError) {
    running.withLock { $0 = runtime }
    do throws(FtraceError) {
      for ops in ops { try runtime.register(ops) }
    } catch {
      end()
      throw error
    }
    if beginsOn { state.switchRecording(true, of: buffer) }
  }

  /// Takes them away, and a snapshot that was asked for and not taken yet.
  func end() {
    guard let runtime = running.withLock({ $0.take() }) else { return }
    for ops in ops {
      // What cannot go now goes with the daemon's next turn.
      do throws(FtraceError) { try runtime.unregister(ops) } catch { runtime.retire(ops) }
    }
    taker?.finish()
  }

  /// The last that was taken.
  var snapshot: TraceSnapshot? { taker?.last }
}

/// A thread that takes snapshots when triggers ask for them: a callback cannot.
private final class SnapshotTaker: Sendable {
  private struct Taken {
    var last: TraceSnapshot?
    var thread: HelperThread?
    var process: pid_t = 0
  }

  private let state: TriggerState
  private let taken = ShortLocked(Taken())

  init(_ state: TriggerState, _ buffer: TraceBuffer) throws(FtraceError) {
    self.state = state
    AtFork.add(taken.lock)
    let run: @Sendable () -> Void = { [state, taken] in
      var seen: UInt32 = 0
      while true {
        let (asked, ended) = state.wait(seen)
        if asked != seen {
          let snapshot = buffer.snapshot()
          taken.withLock { $0.last = snapshot }
        }
        if ended { return }
        seen = asked
      }
    }
    do throws(SystemError) {
      let thread = try HelperThread(named: "ftrace-snapshot", run)
      taken.withLock {
        $0.thread = thread
        $0.process = getpid()
      }
    } catch { throw .system(error) }
  }

  /// Ends the thread, which takes what was asked for. In the child of a fork there is none.
  func finish() {
    state.end()
    let (thread, process) = taken.withLock { ($0.thread.take(), $0.process) }
    if process == getpid() { thread?.join() }
  }

  var last: TraceSnapshot? { taken.withLock { $0.last } }
}
