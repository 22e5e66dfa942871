import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Glibc

/// The program's own signals storm, and their handlers call traced code: on workers, and on the thread that asks for stops.
///
/// The timer is the process's, so its signals go to any thread.
func signalsStorm() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let (calls, wrong, done) = (Counter(), Counter(), Flag())
  let handler = try StormHandler(try runtime.adders(4), wrong)
  let ops = TraceOps(name: "count") { _ in calls.add() }
  blockStorm()
  unsafe ftrace_test_handle(
    SIGUSR1,
    { context in
      // Safe: the handler object outlives the signals.
      let handler = unsafe Unmanaged<StormHandler>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
      handler.signals.add()
      handler.call()
    }, Unmanaged.passUnretained(handler).toOpaque())
  // What the language's runtime makes for a first call, under locks that a handler must not wait for.
  try runtime.register(ops)
  handler.call()
  try runtime.unregister(ops)
  let before = calls.count
  try beside {
    onThreads(2) { _ in
      ftrace_test_unblock(SIGUSR1)
      while !done.isSet { handler.call() }
    }
  } meanwhile: {
    defer { done.set() }
    ftrace_test_unblock(SIGUSR1)
    ftrace_test_timer(SIGUSR1, 200)
    var round = 0
    while round < 300 || handler.signals.count == 0 || calls.count == before {
      round += 1
      try runtime.register(ops)
      try runtime.unregister(ops)
    }
    ftrace_test_timer(SIGUSR1, 0)
    blockStorm()
  }
  check(wrong.count == 0, "\(wrong.count) results are wrong")
  check(runtime.audit().damaged.isEmpty, "\(runtime.audit().damaged)")
  withExtendedLifetime(handler) {}
}

/// Of the calling thread, and of those that it starts from here on.
private func blockStorm() {
  var set = sigset_t()
  unsafe sigemptyset(&set)
  unsafe sigaddset(&set, SIGUSR1)
  unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
}

private final class StormHandler: Sendable {
  // Safe: gates of functions that live as long as the runtime, which the scenario holds.
  private let gates: [UInt]
  private let functions: [EmittedFunction<Int, Int>]
  private let wrong: Counter
  let signals = Counter()

  init(_ functions: [EmittedFunction<Int, Int>], _ wrong: Counter) throws {
    gates = try functions.map { try $0.handle.gate() }
    self.functions = functions
    self.wrong = wrong
  }

  func call() {
    for index in gates.indices {
      typealias Gate = @convention(c) (Int) -> Int
      if unsafe unsafeBitCast(gates[index], to: Gate.self)(1) != index + 1 { wrong.add() }
    }
  }
}
