import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceQuiescence
import FtraceTestSupport
import Glibc

/// Where the kernel refuses membarrier(2) the slower way is taken, and everything works.
func membarrierRefused() throws {
  let error = CommandLine.arguments.count > 2 && CommandLine.arguments[2] == "EPERM" ? EPERM : ENOSYS
  check(ftrace_test_deny_membarrier(error) == 0, "seccomp is refused here")
  // Who asks for the slower way does not learn what the kernel says. Safe: there is no other thread yet.
  unsafe unsetenv("FTRACE_MEMBARRIER")
  let runtime = try TraceRuntime(testConfiguration())
  check(Quiescence.mode == .fences, "membarrier is in use")
  check(Quiescence.membarrierError == error, "the reason is \(Quiescence.membarrierError)")
  let functions = try runtime.adders(16)
  let done = Flag()
  let count = Counter()
  let ops = TraceOps(name: "count") { _ in count.add() }
  try beside {
    onThreads(3) { number in
      while !done.isSet { for (index, f) in functions.enumerated() { check(f(number) == number + index, "f\(index)") } }
    }
  } meanwhile: {
    defer { done.set() }
    var round = 0
    while round < 300 || count.count == 0 {
      round += 1
      try runtime.register(ops)
      // The workers may not have run at all, on a machine with much else to do.
      if round >= 300 { ftrace_sleep(1_000_000) }
      try runtime.unregister(ops)
      if round % 10 == 0 { try runtime.redefine(functions[3].handle) { $0.addsToArgument(3) } }
    }
  }
  check(count.count > 0, "nothing was traced")
  check(runtime.audit().damaged.isEmpty, "\(runtime.audit().damaged)")
}

/// `exit()` while workers are in emitted code ends the process: nothing waits for them, nothing is unmapped under them.
func exitWithWorkersInside() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let spin = try runtime.spinner("spin")
  let words = SharedWords(3)
  for _ in 0..<2 {
    _ = startThread(named: "spinner") { _ = spin(Int(bitPattern: unsafe words.base)) }
  }
  while words[1] == 0 {}
  try runtime.setEnabled(false)
  exit(0)
}

/// A thread that ends from within emitted code is a worker no longer, and stops do not wait for it.
func threadExitFromEmittedCode() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let before = Quiescence.workerCount
  let leave = try runtime.hostFunction("leave") { () -> Void in ftrace_test_exit_thread() }
  let f = try runtime.define("f", as: (() -> Void).self) { f in
    f.entrySite()
    f.prologue()
    f.call(leave)
    f.functionReturn()
  }
  onThreads(4) { _ in f() }
  check(Quiescence.workerCount == before, "\(Quiescence.workerCount - before) workers too many")
  for round in 0..<10 { try runtime.setEnabled(round % 2 == 0) }
}

/// A worker's thread ends while a stop waits for that worker, which neither polls nor is sent a signal: it is taken off, and the stop goes on.
func threadExitWhileStopWaits() throws {
  let runtime = try TraceRuntime(testConfiguration(.onFirstCall, [.set(\.stopGrace, nil)]))
  let before = Quiescence.workerCount
  // While the stopper looks for itself, and when it is to be woken.
  for (name, isWaitedFor) in [("spins", ftrace_test_armed), ("sleeps", ftrace_test_stopper_sleeps)] {
    let inside = Flag()
    let leave = try runtime.hostFunction(name) { () -> Void in
      inside.set()
      while !isWaitedFor() {}
      ftrace_test_exit_thread()
    }
    let f = try runtime.define("f, \(name)", as: (() -> Void).self) { f in
      f.entrySite()
      f.prologue()
      f.call(leave)
      f.functionReturn()
    }
    try beside({ f() }) {
      inside.wait()
      try runtime.setEnabled(!runtime.isEnabled)
      guard let report = runtime.lastStop else { fail("\(name): no stop") }
      // One that sees at once that it is waited for may have gone by the time that the workers are counted.
      check(report.waitedFor <= 1 && report.signals == 0, "\(name): \(report)")
      // Not woken, it would find at its deadline that nobody is left.
      check(report.timeToStop < runtime.configuration.stopDeadline, "\(name): the stopper was not woken")
    }
    check(Quiescence.workerCount == before, "\(name): \(Quiescence.workerCount - before) workers too many")
  }
  try runtime.setEnabled(!runtime.isEnabled)
}
