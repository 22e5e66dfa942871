import CFtraceShims
import CFtraceTestShims
import FtraceQuiescence
import FtraceTestSupport
import Testing

/// Stops against running workers.
@Suite struct StopTests {
  /// Counters that workers change while they are inside, and what a stop sees of them at its begin and its end.
  @safe final class Watched: Sendable {
    static let workers = 4
    // Safe: accessed by atomic functions, and by a stop's observer.
    nonisolated(unsafe) let cells = UnsafeMutablePointer<UInt64>.allocate(capacity: workers * 3)
    let stopping = Flag()

    init() { unsafe cells.initialize(repeating: 0, count: Self.workers * 3) }
    deinit { unsafe cells.deallocate() }

    func waitUntilAllWork() {
      while !(0..<Self.workers).allSatisfy({ unsafe ftrace_test_load(cells + $0) > 0 }) { ftrace_sleep(100_000) }
    }

    func work(_ number: Int) {
      try? withWorker(named: "watched-\(number)") { worker in
        while !stopping.isSet {
          worker.inside {
            for _ in 0..<200 {
              // One worker writes each cell.
              unsafe ftrace_test_store(cells + number, ftrace_test_load(cells + number) &+ 1)
              if number % 2 == 0 { worker.poll() }
            }
          }
        }
      }
    }
  }

  @Test("row 34: between the begin and the end of a stop no worker runs")
  func nobodyRunsWhileStopped() throws {
    try aloneInProcess {
      let watched = Watched()
      try beside {
        onThreads(Watched.workers) { number in watched.work(number) }
      } meanwhile: {
        defer { watched.stopping.set() }
        watched.waitUntilAllWork()
        for _ in 0..<200 { try expectStandstill(watched) }
      }
      #expect((0..<Watched.workers).allSatisfy { unsafe watched.cells[$0] > 0 })
    }
  }

  private func expectStandstill(_ watched: Watched) throws {
    // Copies the counters, gives a worker that should be stopped time to show itself, and copies them again.
    _ = unsafe try Quiescence.stop(
      deadline: .seconds(30), observe: ftrace_test_watch, observeContext: UnsafeMutableRawPointer(watched.cells))
    for number in 0..<Watched.workers {
      let (before, after) = unsafe (watched.cells[4 + number], watched.cells[8 + number])
      #expect(before == after)
    }
  }

  @Test func stopsAreNumbered() throws {
    try aloneInProcess {
      let first = try stopWorkers()
      let second = try stopWorkers()
      #expect(second.generation > first.generation)
    }
  }

  @Test func stopsFromManyThreadsAreAllServed() {
    aloneInProcess {
      let served = Counter()
      onThreads(4) { _ in
        for _ in 0..<25 {
          let stopped = try? withWorker { worker in
            try worker.inside { try stopWorkers() }
          }
          if stopped != nil { served.add() }
        }
      }
      #expect(served.count == 100)
    }
  }

  @Test func aWorkerThatDoesNotArriveIsNamed() throws {
    try aloneInProcess {
      let (inside, release) = (Flag(), Flag())
      try beside {
        try? withWorker(named: "dawdler") { worker in
          worker.inside {
            inside.set()
            while !release.isSet { ftrace_sleep(1_000_000) }
          }
        }
      } meanwhile: {
        inside.wait()
        defer { release.set() }
        let error = #expect(throws: QuiesceError.self) { try stopWorkers(deadline: .milliseconds(50), grace: nil) }
        guard case .timedOut(let late, 0, let after) = error else { return }
        #expect(late.map(\.name) == ["dawdler"])
        let dawdler = try #require(late.first)
        #expect(dawdler.depth == 1)
        #expect(dawdler.threadID > 0)
        #expect(dawdler.whereabouts == "running" || dawdler.whereabouts.hasPrefix("in system call 2"))
        #expect(after >= .milliseconds(50))
        #expect("\(error!)".contains("dawdler"))
      }
      // Disarmed: nobody waits for a release that never comes.
      try stopWorkers()
    }
  }

  @Test("of many late workers 64 are named, and the others counted")
  func manyLateWorkers() {
    let named = Int(FTRACE_STOP_LATE_MAX)
    aloneInProcess {
      let (inside, release) = (Counter(), Flag())
      beside {
        onThreads(named + 6) { _ in
          try? withWorker(named: "dawdler") { worker in
            worker.inside {
              inside.add()
              while !release.isSet { ftrace_sleep(1_000_000) }
            }
          }
        }
      } meanwhile: {
        defer { release.set() }
        while inside.count < named + 6 { ftrace_sleep(100_000) }
        let error = #expect(throws: QuiesceError.self) { try stopWorkers(deadline: .milliseconds(20), grace: nil) }
        guard case .timedOut(let late, let others, _) = error else { return }
        #expect(late.count == named && others == 6)
        #expect(Set(late.map(\.threadID)).count == named)
        #expect("\(error!)".contains(" and 6 more. "))
      }
    }
  }
}
