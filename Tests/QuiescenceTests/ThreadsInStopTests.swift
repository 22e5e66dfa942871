import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceQuiescence
import FtraceTestSupport
import Glibc
import Testing

/// Threads that come, or ask for the registry, while a stop is under way. One that ends meanwhile is in `ProcessTests`.
@Suite struct ThreadsInStopTests {
  @Test("a thread whose first call falls into a stop waits at the gate until the stop has ended")
  func attaching() throws {
    try withRuntime(alone: true) { runtime in
      let (words, result) = (SharedWords(FTRACE_TEST_ARRIVAL_WORDS), SharedWords(1))
      let arrive = try runtime.hostFunction("arrive") { () -> Int in
        words[FTRACE_TEST_ARRIVAL_INSIDE] = 1
        return 42
      }
      let f = try runtime.define("f", as: (() -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.call(arrive)
        f.functionReturn()
      }
      let before = Quiescence.workerCount
      try beside {
        words[FTRACE_TEST_ARRIVAL_BLOCK] = unsafe Int(bitPattern: ftrace_thread_self())
        words[FTRACE_TEST_ARRIVAL_THREAD] = Int(ftrace_sys_gettid())
        while words[FTRACE_TEST_ARRIVAL_GO] == 0 {}
        result[0] = f()
      } meanwhile: {
        while words[FTRACE_TEST_ARRIVAL_THREAD] == 0 { sched_yield() }
        // Safe: the words live to the end of the test, and the observer knows how many there are.
        let report = unsafe try Quiescence.stop(
          deadline: .seconds(30), observe: ftrace_test_observe_arrival, observeContext: words.base)
        #expect(report.workers == before, "it was registered before it came")
      }
      #expect(words[FTRACE_TEST_ARRIVAL_RAN] == 0, "it ran while the world was stopped")
      #expect(words[FTRACE_TEST_ARRIVAL_WAITED] == 1, "it did not wait, unregistered")
      #expect(result[0] == 42)
      #expect(Quiescence.workerCount == before)
    }
  }

  /// What takes the registry's lock on a worker that is inside.
  enum Asking: CaseIterable {
    case count, channels, name
  }

  @Test(
    "a worker that waits for the registry is parked: the stop that holds it does not wait for the worker",
    arguments: Asking.allCases)
  func asking(_ what: Asking) throws {
    try aloneInProcess {
      let inside = Flag()
      try beside {
        try? withWorker { worker in
          worker.inside {
            inside.set()
            while !ftrace_test_armed() {}
            switch what {
            case .count: _ = Quiescence.workerCount
            // Safe: it looks at nothing.
            case .channels: unsafe Quiescence.visitChannels(slot: 0, ops: 0, { _, _, _ in }, nil)
            case .name: try? withWorker(named: "renamed") { _ in }
            }
          }
        }
      } meanwhile: {
        inside.wait()
        // Without a signal, which would stop it where it does not park.
        try stopWorkers(grace: nil)
      }
    }
  }
}
