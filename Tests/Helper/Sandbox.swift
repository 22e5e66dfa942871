import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtraceQuiescence
import FtraceTestSupport
import Glibc

/// A sandbox that is installed when runtimes exist takes away what they were found to have.
func sandboxedLater() throws {
  // Who waits for ever is ended.
  _ = alarm(120)
  switch CommandLine.arguments.dropFirst(2).first {
  case "membarrier": try membarrierDeniedLater()
  case "serialising": try serialisingDeniedLater()
  case "executable": try executableDeniedLater()
  case "page": try pageDeniedLater()
  default: fail("usage: sandbox membarrier|serialising|executable|page", code: 64)
  }
}

/// The error of a request, nil if there was none.
private func refusal(_ request: () throws(FtraceError) -> Void) -> QuiesceError? {
  do throws(FtraceError) {
    try request()
    return nil
  } catch {
    guard case .quiescence(let error) = error else { fail("\(error)") }
    return error
  }
}

/// Without membarrier no worker can be stopped any more: every request says so, and nothing changes.
private func membarrierDeniedLater() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let f = try runtime.adder("f", 1)
  let calls = Counter()
  let ops = TraceOps(name: "count") { _ in calls.add() }
  try runtime.register(ops)
  check(f(1) == 2 && calls.count == 1, "f is not traced")
  try runtime.forceUpdate()
  let spin = try runtime.poller("spin")
  let loop = PollingLoop()
  beside {
    _ = loop.run(spin)
  } meanwhile: {
    loop.waitUntilRunning()
    check(ftrace_test_deny_membarrier(EPERM) == 0, "seccomp is refused here")
    let (sites, stops) = (runtime.sites, runtime.statistics.stops)
    for round in 0..<3 {
      for error in [
        refusal { () throws(FtraceError) in try runtime.setEnabled(false) },
        refusal { () throws(FtraceError) in try runtime.unregister(ops) },
        refusal { () throws(FtraceError) in try runtime.reclaim() },
      ] { check(error == .membarrierRefused(errno: EPERM), "round \(round): \(error.map { "\($0)" } ?? "no error")") }
    }
    check(runtime.sites == sites && runtime.statistics.stops == stops, "something was changed")
    check(runtime.isEnabled && runtime.killedReason == nil, "tracing is off")
    check(runtime.stopStatistics.refusedStops >= 9, "the refusals are not counted")
    check(ftrace_test_blocks(SIGUSR1) == 0, "signals are still blocked")
    let before = calls.count
    check(f(2) == 3 && calls.count == before + 1, "f is not traced any more")
    // The worker was not left armed.
    loop.stop()
  }
  onThreads(2) { _ in check(f(3) == 4, "a new thread cannot call") }
}

/// If cores can no longer be serialised from afar each worker does it by itself, and everything works.
private func serialisingDeniedLater() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let functions = try runtime.adders(16)
  for f in functions { _ = f(1) }
  check(ftrace_test_deny_serialising(EPERM) == 0, "seccomp is refused here")
  check(!ftrace_test_must_serialise(), "this thread would serialise without a reason")
  try runtime.setEnabled(false)
  check(ftrace_test_must_serialise(), "nobody serialises this thread's core")
  _ = functions[0](1)
  check(!ftrace_test_must_serialise(), "a gate does not serialise")
  try runtime.setEnabled(true)
  let (done, count) = (Flag(), Counter())
  let ops = TraceOps(name: "count") { _ in count.add() }
  try beside {
    onThreads(3) { number in
      while !done.isSet { for (index, f) in functions.enumerated() { check(f(number) == number + index, "f\(index)") } }
    }
  } meanwhile: {
    defer { done.set() }
    for round in 0..<200 {
      try runtime.register(ops)
      let seen = count.count
      if round == 0 { while count.count == seen { sched_yield() } }
      try runtime.unregister(ops)
      // New code in memory that held code before.
      if round % 10 == 0 {
        try runtime.redefine(functions[3].handle) { $0.addsToArgument(3) }
        try runtime.reclaim()
      }
    }
  }
  check(runtime.audit().damaged.isEmpty, "\(runtime.audit().damaged)")
}

/// Code whose pages could not become executable again is not made writable.
private func executableDeniedLater() throws {
  let runtime = try TraceRuntime(testConfiguration(.atEmission, [.set(\.mapping, .toggling)]))
  let f = try runtime.adder("f", 1)
  let calls = Counter()
  let ops = TraceOps(name: "count", filter: TraceFilter(functions: ["f"])) { _ in calls.add() }
  try runtime.register(ops)
  check(f(1) == 2 && calls.count == 1, "f is not traced")
  check(ftrace_test_deny_executable(0, EACCES) == 0, "seccomp is refused here")
  let sites = runtime.sites
  for _ in 0..<3 {
    let error = refusal { () throws(FtraceError) in try runtime.unregister(ops) }
    check(error == .pagesRefused(errno: EACCES), error.map { "\($0)" } ?? "no error")
  }
  check(runtime.sites == sites && runtime.killedReason == nil, "something was changed")
  check(f(1) == 2 && calls.count == 2, "f is not traced any more")
}

/// If they cannot all the same, it is said, and nobody waits for ever.
private func pageDeniedLater() throws {
  let runtime = try TraceRuntime(testConfiguration(.atEmission, [.set(\.mapping, .toggling)]))
  let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 2))
  let ops = TraceOps(name: "count", filter: TraceFilter(functions: ["f"])) { _ in }
  try runtime.register(ops)
  check(f(1) == 2 && g(1) == 3, "f or g is wrong")
  let page = unsafe UInt64(try f.handle.rawEntry()) & ~4095
  check(ftrace_test_deny_executable(page, EACCES) == 0, "seccomp is refused here")
  let error = refusal { () throws(FtraceError) in try runtime.setEnabled(false) }
  check(error == .codeLost(errno: EACCES), error.map { "\($0)" } ?? "no error")
  check(runtime.killedReason != nil, "tracing goes on")
  check(g(1) == 3, "g is lost as well")
  let again = Result { () throws(FtraceError) in try runtime.setEnabled(true) }
  if case .success = again { fail("tracing is on again") }
}
