import CFtraceShims
import CFtraceTestShims
import Dispatch
import Ftrace
import FtraceQuiescence
import FtraceTestSupport
import Glibc

/// The default stop signal, before the first runtime knows it.
private let signalNumber = ftrace_test_default_stop_signal()

/// A handler that the program had installed gets every signal of that number which is not a stopper's.
func chainedHandler() throws {
  _ = unsafe ftrace_test_count_signal(signalNumber)
  let runtime = try TraceRuntime(testConfiguration())
  check(Quiescence.stopSignal == signalNumber, "another signal was chosen")
  let spin = try runtime.spinner("spin")
  let words = SharedWords(2)
  try beside {
    _ = spin(Int(bitPattern: unsafe words.base))
  } meanwhile: {
    while words[1] == 0 {}
    for round in 0..<50 {
      try runtime.setEnabled(round % 2 == 0)
      ftrace_test_raise(signalNumber)
    }
    words[0] = 1
  }
  check(runtime.statistics.stops >= 50, "no stops")
  check(ftrace_test_counted(signalNumber) == 50, "\(ftrace_test_counted(signalNumber)) signals of 50 were passed on")
}

/// The program's handler runs with the signals blocked that it would have found blocked without a runtime.
func chainedHandlerWithFlags() throws {
  for (flags, isBlocked) in [(0, true), (SA_NODEFER, false), (CInt(bitPattern: 0x8000_0000), true)] {
    // Each has a process of its own: the handler that was there first is the program's.
    let child = ftrace_test_fork()
    if child == 0 {
      ftrace_test_record_mask(signalNumber, SIGUSR2, flags)
      let runtime = try TraceRuntime(testConfiguration())
      ftrace_test_raise(signalNumber)
      func blocked(_ signal: Int32) -> Bool { ftrace_test_recorded_mask() >> UInt64(signal - 1) & 1 != 0 }
      check(ftrace_test_recorded_mask() != 0, "the handler was not called")
      check(blocked(SIGUSR2) && !blocked(SIGUSR1), "other signals are blocked than the program asked for")
      check(blocked(signalNumber) == isBlocked, "SA_NODEFER is not honoured")
      check(ftrace_test_blocks(signalNumber) == 0 && ftrace_test_blocks(SIGUSR2) == 0, "signals stay blocked")
      // After SA_RESETHAND it has the default action.
      ftrace_test_raise(signalNumber)
      withExtendedLifetime(runtime) {}
      _exit(0)
    }
    let status = ftrace_test_wait(child)
    check(status == (flags < 0 ? -1 - signalNumber : 0), "flags \(flags): \(status)")
  }
}

/// A worker in a rare place.
func workerAlone() {
  let name = CommandLine.arguments.dropFirst(2).first ?? ""
  if let failure = unsafe ftrace_test_worker(name) { unsafe fail(String(cString: failure)) }
}

/// Without a handler of the program a signal that is not a stopper's ends the process, as it would have.
func noHandler() throws {
  let runtime = try TraceRuntime(testConfiguration())
  ftrace_test_raise(Quiescence.stopSignal)
  withExtendedLifetime(runtime) {}
  fail("the process outlived the signal")
}

/// A worker whose stack has no room for a signal's frame is stopped on the alternate stack.
func stopNearTheEndOfTheStack() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let words = SharedWords(2)
  // Goes down to some hundred bytes above the end of the stack, without touching what lies between, and spins there.
  let deep = try runtime.define("deep", as: ((Int, Int) -> Void).self) { f in
    f.push(.rbp)
    f.mov(.rbp, .rsp)
    f.mov(.rsp, .rsi)
    f.mov(.qword, .base(.rdi, 8), 1)
    let loop = f.here("loop")
    f.pause()
    f.cmp(.qword, .base(.rdi), 0)
    f.j(.e, loop)
    f.mov(.rsp, .rbp)
    f.pop(.rbp)
    f.functionReturn()
  }
  try beside {
    var low = ftrace_test_stack_low()
    low += 256
    deep(Int(bitPattern: unsafe words.base), Int(low))
  } meanwhile: {
    while words[1] == 0 {}
    for round in 0..<200 { try runtime.setEnabled(round % 2 == 0) }
    words[0] = 1
  }
}

/// Threads of libdispatch and of Swift concurrency, which block real-time signals, are stopped too.
func pooledThreads() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let spin = try runtime.spinner("spin")
  var isFirst = true
  for start: (@escaping @Sendable () -> Void) -> Void in [
    { body in DispatchQueue.global().async { body() } }, { body in Task.detached { body() } },
  ] {
    let (words, finished) = (SharedWords(2), Flag())
    let isNew = isFirst  // a thread of the pool that was here before is a worker still
    isFirst = false
    start {
      check(
        !isNew || ftrace_test_blocks(signalNumber) == 1,
        "the pool's threads do not block the signal: another test is wanted")
      _ = spin(Int(bitPattern: unsafe words.base))
      finished.set()
    }
    while words[1] == 0 { sched_yield() }
    for round in 0..<10 {
      try runtime.setEnabled(round % 2 == 1)
      check(runtime.lastStop.map { $0.signals > 0 } ?? false, "no signal was sent")
    }
    words[0] = 1
    finished.wait()
  }
}
