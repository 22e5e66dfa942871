import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtraceTestSupport
import Glibc

/// A worker forks from within traced code, while another is recorded in memory and in a file: the child's trace has the child's events
/// alone, its recorder ends without a thread and writes nothing, and the parent's file has the parent's events.
func forkWhileEventsAreRecorded() throws {
  let path = "/dev/shm/ftrace-fork-\(getpid())"
  defer { unsafe unlink(path) }
  let runtime = try TraceRuntime(testConfiguration())
  let f = try runtime.adders(1)[0]
  let fork = try runtime.hostFunction("fork") { () -> Int in Int(ftrace_test_fork()) }
  let forking = try runtime.define("forking", as: (() -> Int).self) { f in
    f.entrySite()
    f.prologue()
    f.call(fork)
    f.functionReturn()
  }
  let tracer = FunctionGraphTracer()
  try tracer.start(in: runtime)
  let recorder = try TraceRecorder(in: runtime, to: path)
  let done = Flag()
  var calls = 0
  beside {
    while !done.isSet {
      for _ in 0..<1000 { _ = f(1) }
      // The file is not to have gigabytes.
      usleep(1000)
    }
  } meanwhile: {
    for round in 0..<5 {
      let child = forking()
      if child == 0 {
        do {
          for _ in 0..<10 { _ = f(round) }
          let counts = try tracer.stop().counts()
          check(
            counts == GraphTrace.Counts(entries: 10, exits: 11, openAtStart: 1), "the child's trace has \(counts)")
          let losses = try recorder.finish()
          check(losses.total == 0, "the child lost \(losses)")
        } catch { fail("child: \(error)") }
        _exit(0)
      }
      check(child > 0, "fork failed")
      let status = ftrace_test_wait(Int32(child))
      check(status == 0, "child \(round) ended with \(status)")
      calls += 1
    }
    done.set()
  }
  let losses = try recorder.finish()
  let file = try TraceFile(path: path)
  check(
    file.damage == nil && file.wasEnded,
    "the parent's file is not whole: \(String(describing: file.damage)), ended: \(file.wasEnded)")
  let counts = GraphTrace(file.contents).counts()
  check(counts.isBalanced && counts.lost == Int(losses.total), "the parent's file has \(counts), and \(losses) lost")
  check((counts.unwound, counts.openAtStart, counts.openAtEnd) == (0, 0, 0), "the parent's file has \(counts)")
  let trace = try tracer.stop().counts()
  check(trace.entries + trace.lostEntries == counts.entries + counts.lostEntries, "\(trace), and in the file \(counts)")
  check(counts.entries > calls, "nothing was recorded")
}
