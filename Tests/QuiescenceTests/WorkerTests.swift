import CFtraceShims
import FtraceQuiescence
import FtraceTestSupport
import Testing

/// Threads as workers: states, nesting, registration. What is inside holds up the stops of other tests, so each is alone.
@Suite struct WorkerTests {
  @Test func depthFollowsNesting() throws {
    try aloneInProcess {
      try onThread {
        #expect(ftrace_thread_depth() == 0)
        try withWorker(named: "nesting") { worker in
          worker.inside {
            #expect(ftrace_thread_depth() == 1)
            worker.inside { #expect(ftrace_thread_depth() == 2) }
            worker.parked {
              // Parked is outside, and code that is called there is inside again.
              #expect(ftrace_thread_depth() == 0)
              worker.inside { #expect(ftrace_thread_depth() == 1) }
              #expect(ftrace_thread_depth() == 0)
            }
            #expect(ftrace_thread_depth() == 1)
          }
          #expect(ftrace_thread_depth() == 0)
        }
      }
    }
  }

  @Test func errorsLeaveWhatTheyEntered() throws {
    struct Failure: Error {}
    try aloneInProcess {
      try onThread {
        try withWorker { worker in
          #expect(throws: Failure.self) { try worker.inside { throw Failure() } }
          #expect(throws: Failure.self) { try worker.inside { try worker.parked { throw Failure() } } }
          #expect(ftrace_thread_depth() == 0)
        }
      }
    }
  }

  @Test func aThreadIsRegisteredByItsFirstEntryAndRemovedAtItsEnd() throws {
    try aloneInProcess {
      try onThread {
        #expect(unsafe !ftrace_thread_attached(ftrace_thread_self()))
        ftrace_enter()
        #expect(unsafe ftrace_thread_attached(ftrace_thread_self()))
        #expect(ftrace_thread_depth() == 1)
        ftrace_leave()
        ftrace_thread_detach()
        #expect(unsafe !ftrace_thread_attached(ftrace_thread_self()))
      }
    }
  }

  @Test func aThreadThatEndsInsideDoesNotHoldUpStops() throws {
    try aloneInProcess {
      // The thread-specific key's destructor takes it out of the registry.
      try onThread { ftrace_enter() }
      try stopWorkers()
    }
  }

  @Test func everyScopeOfAWorkerThatIsParkedIsPassedOver() throws {
    try aloneInProcess {
      let (isParked, release) = (Flag(), Flag())
      try beside {
        try? withWorker(named: "parked") { worker in
          worker.inside {
            worker.parked {
              isParked.set()
              release.wait()
            }
          }
        }
      } meanwhile: {
        isParked.wait()
        defer { release.set() }
        for _ in 0..<10 { try stopWorkers() }
      }
    }
  }

  @Test func aWorkerMayAskForAStopFromInside() throws {
    try aloneInProcess {
      try onThread {
        try withWorker { worker in
          let report = try worker.inside { try stopWorkers() }
          #expect(report.workers >= 1)
        }
      }
    }
  }

  @Test func aNestedScopeGivesTheNameBack() throws {
    func name() -> String { unsafe String(cString: ftrace_thread_name(ftrace_thread_self())) }
    try withWorker(named: "outer") { _ in
      try withWorker(named: "inner") { _ in #expect(name() == "inner") }
      #expect(name() == "outer")
      try withWorker { _ in #expect(name() == "outer") }
      #expect(name() == "outer")
    }
  }
}
