import Ftrace
import FtraceEngine
import Glibc
import Synchronization

/// A thread that registers and unregisters a tracer for every function, one stop each time, so many times.
final class Switcher: Sendable {
  private struct State {
    var error: FtraceError?
    var firstLate: String?
  }

  private let state = Mutex(State())
  private let ending = Atomic(false)
  private let running = Atomic(true)
  private let thread: Mutex<pthread_t?>

  /// - Throws: `.refused` if there is no thread for it.
  init(_ runtime: TraceRuntime, stops: Int, microseconds: Int) throws(CommandFailure) {
    thread = Mutex(nil)
    let started = startThread(named: "switcher") { [self] in
      run(runtime, stops: stops, microseconds: microseconds)
      running.store(false, ordering: .releasing)
    }
    guard let started else {
      throw CommandFailure(.refused, "no thread could be started: raise the limit of processes")
    }
    thread.withLock { $0 = started }
  }

  /// Whether there are stops to come.
  var isRunning: Bool { running.load(ordering: .acquiring) }

  /// What ended the thread before its time.
  var error: FtraceError? { state.withLock { $0.error } }

  /// Who did not arrive at the first stop that was late.
  var firstLate: String? { state.withLock { $0.firstLate } }

  /// Ends the thread, after the stop under way.
  func stop() {
    ending.store(true, ordering: .relaxed)
    if let thread = thread.withLock({ $0.take() }) { join(thread) }
  }

  private func run(_ runtime: TraceRuntime, stops: Int, microseconds: Int) {
    let ops = unsafe TraceOps(name: "stops", callback: { _, _, _, _ in })
    var isOn = false
    for _ in 0..<stops where !ending.load(ordering: .relaxed) {
      do throws(FtraceError) {
        if isOn { try runtime.unregister(ops) } else { try runtime.register(ops) }
        isOn.toggle()
      } catch {
        guard case .quiescence(.timedOut) = error else { return state.withLock { $0.error = error } }
        state.withLock { $0.firstLate = $0.firstLate ?? error.description }
      }
      if microseconds > 0 { usleep(UInt32(microseconds)) }
    }
  }
}
