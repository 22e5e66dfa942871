import CFtraceTestFreeze
import Ftrace
import FtraceEngine
import FtraceQuiescence
import FtraceTestSupport
import Glibc

/// A lock of this package, and how it is held: by a worker that is parked, or by one that a stop finds as it is.
private struct OwnLock: Sendable {
  var lock: FairLock
  var isShort: Bool

  func freeze() {
    if isShort {
      lock.withShortLock { ftrace_test_freeze() }
    } else {
      lock.withLock { ftrace_test_freeze() }
    }
  }
}

/// A worker is frozen in each lock of this package in turn, for as long as forty stops take: all of them come to their end, and write.
///
/// What locks there are says who holds them all, at a fork. Left out are those that the stopper holds itself: the engine's lock of its
/// runtime, for which that of another is tried, the stop lock, and the registry's.
func frozenInsideOwnLocks() throws {
  _ = alarm(120)
  let path = "/tmp/ftrace-frozen-\(getpid())"
  defer { unsafe _ = unlink(path) }
  let runtime = try TraceRuntime(testConfiguration(.onFirstCall, [.set(\.stopGrace, .microseconds(50))]))
  let other = try TraceRuntime(testConfiguration())
  let before = AtFork.locks.count
  let tracers = Tracers.all.map { $0.init(options: TracerOptions(bufferBytes: 1 << 20)) }
  check(AtFork.locks.count == before + tracers.count, "a fork does not hold the locks of all tracers")
  var options = TracerOptions(bufferBytes: 1 << 20)
  options.clock = .coarse
  let recorder = try TraceRecorder(
    in: other, filter: TraceFilter(trace: ["nothing"]), options: options, kind: .stream, to: path)
  options.triggers = [TraceTrigger(["nothing"], .snapshot)]
  let triggered = FunctionGraphTracer(options: options)
  try triggered.start(in: other, filter: TraceFilter(trace: ["nothing"]))
  let locks = AtFork.locks.filter { $0.lock !== runtime.engineLock }.map { OwnLock(lock: $0.lock, isShort: $0.isShort) }
  // The engine's of the other runtime, and those of two buffers' readers.
  check(locks.count { !$0.isShort } == 3, "\(locks.count { !$0.isShort }) locks are not short")
  // Of each runtime: requests, removals, handles, the daemon. Of the recorder: a buffer, its sink, its names. Of the tracer that has
  // triggers: its own, a buffer, its names, the triggers, and who takes snapshots. Static: slots, released runtimes, the clock, and three
  // of the fork's.
  let short = 2 * 4 + 3 + 5 + tracers.count + 6
  check(locks.count { $0.isShort } == short, "\(locks.count { $0.isShort }) short locks, not \(short)")
  // Not the first thread, as with the locks of others.
  onThreads(1) { _ in
    do { try stopWhileFrozen(runtime, locks) } catch { fail("\(error)") }
  }
  _ = try triggered.stop()
  _ = try recorder.finish()
  check(runtime.audit().damaged.isEmpty, "\(runtime.audit().damaged)")
  withExtendedLifetime((other, tracers)) {}
}

private func stopWhileFrozen(_ runtime: TraceRuntime, _ locks: [OwnLock]) throws {
  let current = Late<OwnLock>()
  let freeze = try runtime.hostFunction("freeze") { () -> Void in current.value.freeze() }
  let f = try runtime.define("f", as: (() -> Void).self) { f in
    f.entrySite()
    f.prologue()
    f.call(freeze)
    f.functionReturn()
  }
  let written = try runtime.adder("written", 1)
  let site = unsafe try written.handle.rawEntry()
  var (old, new): ([UInt8], [UInt8]) = (
    Array(try written.handle.code().bytes.prefix(5)), [0x66, 0x66, 0x66, 0x66, 0x90]
  )
  // Under the engine's lock throughout: what it does before and after a stop may wait for short locks, which are held shortly elsewhere.
  try runtime.modifying { modify in
    for (number, held) in locks.enumerated() {
      current.set(held)
      try beside({ f() }) {
        while !ftrace_test_is_frozen() { sched_yield() }
        defer { ftrace_test_thaw() }
        check(held.lock.withLockIfFree {} == nil, "nobody holds lock \(number)")
        for round in 0..<40 {
          let (result, report) = try modify(site, old, new)
          check(result == .modified, "lock \(number), stop \(round): \(result)")
          // One that is parked is not waited for.
          check(
            report?.waitedFor == (held.isShort ? 1 : 0) && report?.sitesWritten == 1,
            "lock \(number), stop \(round): \(report.map { "\($0)" } ?? "no stop")")
          swap(&old, &new)
        }
      }
    }
  }
}
