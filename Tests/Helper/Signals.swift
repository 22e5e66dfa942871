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
