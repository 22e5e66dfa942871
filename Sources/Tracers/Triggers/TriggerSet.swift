import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// The triggers of one tracer: an ops for each, newer than the tracer's own, so that at a site they come first.
final class TriggerSet: Sendable {
  private struct Running {
    let runtime: TraceRuntime
    var registered: [TraceOps] = []
    var taker: SnapshotTaker?
  }

  private struct Taken {
    var snapshot: TraceSnapshot?
    /// The same without events: all losses up to then.
    var books: TraceSnapshot?
  }

  /// What the tracer's own body asks.
  let state: TriggerState
  private let buffer: TraceBuffer
  private let beginsOn: Bool
  private let bodies: [TriggerBody]
  private let ops: [TraceOps]
  private let takesSnapshots: Bool
  private let running = ShortLocked<Running?>(nil)
  private let taken = ShortLocked(Taken())

  /// Nil if the options ask for nothing of it.
  init?(_ options: TracerOptions, of buffer: TraceBuffer) {
    if options.triggers.isEmpty && !options.beginsPaused { return nil }
    // Off until all triggers are in their places.
    let state = TriggerState(isOn: false)
    (self.state, self.buffer, beginsOn) = (state, buffer, !options.beginsPaused)
    let bodies = options.triggers.map { TriggerBody($0, state, of: buffer) }
    ops = zip(options.triggers, bodies).map { trigger, body in
      TraceOps(
        name: "trigger \(trigger.action.rawValue)", filter: TraceFilter(trace: trigger.functions), body: body)
    }
    self.bodies = bodies
    takesSnapshots = options.triggers.contains { $0.action == .snapshot }
    AtFork.add(running.lock)
    AtFork.add(taken.lock)
  }

  /// Puts the triggers in their places, and switches the recording on. The tracer's own ops is registered.
  /// - Throws: as `TraceRuntime.register`, and `.system` if there is no thread for snapshots; none is in its place then.
  func begin(in runtime: TraceRuntime) throws(FtraceError) {
    running.withLock { $0 = Running(runtime: runtime) }
    do throws(FtraceError) {
      if takesSnapshots {
        let taker = try SnapshotTaker(state, buffer) { [taken] snapshot in
          taken.withLock { taken in
            taken.snapshot = Self.sinceTheLast(snapshot, taken)
            taken.books = snapshot
            taken.books?.blocks = []
          }
        }
        running.withLock { $0?.taker = taker }
      }
      for ops in ops {
        try runtime.register(ops)
        running.withLock { $0?.registered.append(ops) }
      }
    } catch {
      end()
      throw error
    }
    if beginsOn { state.switchRecording(true, of: buffer) }
  }

  /// Takes them away, and a snapshot that was asked for and not taken yet.
  func end() {
    guard let ending = running.withLock({ $0.take() }) else { return }
    for ops in ending.registered {
      // What cannot go now goes with the daemon's next turn.
      do throws(FtraceError) { try ending.runtime.unregister(ops) } catch { ending.runtime.retire(ops) }
    }
    ending.taker?.finish()
  }

  /// The last that was taken, with what was lost since the one before.
  var snapshot: TraceSnapshot? { taken.withLock { $0.snapshot } }

  /// What was recorded since: `contents` is what is left in the buffer.
  func rest(_ contents: TraceSnapshot) -> TraceSnapshot { taken.withLock { Self.sinceTheLast(contents, $0) } }

  private static func sinceTheLast(_ contents: TraceSnapshot, _ taken: Taken) -> TraceSnapshot {
    taken.books.map(contents.since) ?? contents
  }

  /// How often they should have acted and could not.
  var missed: Int { bodies.reduce(0) { $0 + $1.missed } }
}
