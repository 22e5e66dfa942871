import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Synchronization
import Testing

@Suite struct StopTests {
  @Test("row 34: one command is one stop, and no call sees half of a change", arguments: RecordingMode.allCases)
  func noMixture(mode: RecordingMode) throws {
    // Alone and without the stop signal, which would stop a worker between two calls: there a change is to be seen.
    try withRuntime(mode, alone: true, .set(\.stopGrace, nil)) { runtime in
      // Neither a poll nor a stack check between the calls: a change falls before the first or after the last.
      func leaf(_ name: String) throws -> EmittedFunction<Int, Int> {
        try runtime.define(name, as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.lea(.rax, .base(.rdi, 1))
          f.ret()
        }
      }
      let (first, second) = (try leaf("first"), try leaf("second"))
      let both = try runtime.define("both", as: ((Int) -> Int).self) { f in
        f.prologue()
        for callee in [first, second, first, second] {
          f.call(callee)
          f.mov(.rdi, .rax)
        }
        f.functionReturn()
      }
      _ = (first(1), second(1))
      // Calls of each half on this thread, by ops: counted without a lock, each worker its own.
      let workers = 2
      let counts = SharedWords(workers * 8)
      let threadNumber = SharedWords(1024)
      let firstEntry = try first.handle.entry
      func counting(_ name: String, _ index: Int, _ filter: TraceFilter = .all) -> TraceOps {
        TraceOps(name: name, filter: filter) { call in
          let worker = threadNumber[Int(ftrace_test_thread_number())]
          counts[worker * 8 + index * 2 + (call.ip == firstEntry ? 0 : 1)] += 1
        }
      }
      let ops = [
        counting("shared", 0), counting("own", 1, TraceFilter(trace: ["first", "second"])),
        counting("other", 2),
      ]
      let (done, mixtures, rounds) = (Flag(), Counter(), Counter())
      let work: @Sendable (Int) -> Void = { worker in
        threadNumber[Int(ftrace_test_thread_number())] = worker
        repeat {
          for slot in 0..<8 { counts[worker * 8 + slot] = 0 }
          if both(1) != 5 { mixtures.add() }
          for index in 0..<3 {
            let (one, two) = (counts[worker * 8 + index * 2], counts[worker * 8 + index * 2 + 1])
            if one != two || (one != 0 && one != 2) { mixtures.add() }
          }
          rounds.add()
        } while !done.isSet
      }
      var stops = runtime.statistics.stops
      func oneStop(_ command: () throws -> Void) throws {
        try command()
        #expect(runtime.statistics.stops == stops + 1)
        stops = runtime.statistics.stops
      }
      try beside(
        { onThreads(workers, work) },
        meanwhile: {
          defer { done.set() }
          try runtime.forceUpdate()
          stops = runtime.statistics.stops
          for _ in 0..<40 {
            try oneStop { try runtime.register(ops[0]) }
            try oneStop { try runtime.register(ops[1]) }
            try oneStop { try runtime.setEnabled(false) }
            try oneStop { try runtime.setEnabled(true) }
            try oneStop { try runtime.register(ops[2]) }
            try oneStop { try runtime.setFilter(TraceFilter(functions: ["first", "second"]), of: ops[2]) }
            try oneStop { try runtime.unregister(ops[0]) }
            try oneStop { try runtime.unregister(ops[1]) }
            try oneStop { try runtime.unregister(ops[2]) }
          }
        })
      #expect(mixtures.count == 0, "of \(rounds.count) rounds")
      #expect(rounds.count > 0)
    }
  }

  @Test(
    "row 38: in every state a site is one instruction of five bytes in one aligned word",
    arguments: RecordingMode.allCases)
  func oneInstruction(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try runtime.adders(40)
      let log = CallLog()
      func check(_ state: String) throws {
        for site in runtime.sites {
          if case .other(let bytes) = try DecodedSite(site.bytes, at: site.ip) {
            Issue.record("\(site.function) is \(bytes) when \(state)")
          }
          #expect(site.ip % 8 <= 3, "\(site.function) crosses a word")
        }
        for call in [runtime.stubAddresses.mcountCall, runtime.stubAddresses.callerCall] {
          #expect(call % 8 <= 3)
          if case .call = try decodedSite(at: call) {} else { Issue.record("an inner call is none when \(state)") }
        }
      }
      try check("emitted")
      for f in functions { _ = f(1) }
      try check("called")
      try runtime.forceUpdate()
      try check("converted")
      let ops = [log.ops("a"), log.ops("b", filter: TraceFilter(trace: ["f1*"])), log.ops("c", registers: true)]
      for one in ops {
        try runtime.register(one)
        try check("\(one.name) is registered")
      }
      try runtime.setEnabled(false)
      try check("off")
      try runtime.setEnabled(true)
      for one in ops {
        try runtime.unregister(one)
        try check("\(one.name) is unregistered")
      }
      #expect(runtime.audit().isSound)
    }
  }

  @Test("row 38: no worker is stopped with a program counter inside a site", arguments: RecordingMode.allCases)
  func noCounterInside(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let leaf = try runtime.adder("leaf", 1)
      let stop = PollingLoop()
      let loop = try runtime.define("loop", as: ((UInt) -> Int).self) { f in
        f.entrySite()
        f.prologue(saving: [.rbx, .r12])
        f.mov(.rbx, .rdi)
        let again = f.here("again")
        f.mov(.rdi, .r12)
        f.call(leaf)
        f.mov(.r12, .rax)
        f.poll()
        f.cmp(.qword, .base(.rbx), 0)
        f.j(.e, again)
        f.functionReturn()
      }
      // One that recurses, and is stopped by its stack checks.
      let deep = try runtime.define("deep", as: ((Int) -> Int).self) { f in
        let end = f.label("end")
        f.entrySite()
        f.prologue()
        f.lea(.rax, .base(.rdi, -1))
        f.test(.rdi, .rdi)
        f.j(.e, end)
        f.mov(.rdi, .rax)
        f.callSelf()
        f.bind(end)
        f.functionReturn()
      }
      let addresses = runtime.entrySites.map { UInt64($0.ip) }
      let sites = SharedWords(addresses.count)
      for (index, address) in addresses.enumerated() { sites[index] = Int(address) }
      let seen = UnsafeMutablePointer<ftrace_test_sites>.allocate(capacity: 1)
      // Safe: words of 64 bits; both live until the observer is taken away.
      let words = unsafe UnsafeRawPointer(sites.base).assumingMemoryBound(to: UInt64.self)
      unsafe seen.initialize(
        to: ftrace_test_sites(sites: words, count: addresses.count, stops: 0, workers: 0, inside: 0, behind: 0))
      defer { unsafe seen.deallocate() }
      let log = Counter()
      let ops = TraceOps(name: "count") { _ in log.add() }
      try beside(
        {
          onThreads(2) { number in
            if number == 0 { _ = stop.run(loop) } else { while !stop.isStopped { _ = deep(200) } }
          }
        },
        meanwhile: {
          defer { stop.stop() }
          while log.count < 100 {
            if runtime.registeredOps.isEmpty { try runtime.register(ops) }
          }
          unsafe runtime.observeStops(ftrace_test_observe_stacks, seen)
          defer { unsafe runtime.observeStops(nil, nil) }
          for _ in 0..<100 {
            try runtime.unregister(ops)
            try runtime.register(ops)
          }
          try runtime.unregister(ops)
        })
      #expect(unsafe seen.pointee.stops >= 200)
      #expect(unsafe seen.pointee.workers > 0, "no worker was stopped with frames")
      #expect(unsafe seen.pointee.inside == 0)
    }
  }

  @Test("row 40: after unregister returns its callback neither runs nor starts", arguments: RecordingMode.allCases)
  func neverAfterwards(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let (done, late, delivered) = (Flag(), Counter(), Counter())
      try beside(
        { onThreads(3) { _ in while !done.isSet { _ = f(1) } } },
        meanwhile: {
          defer { done.set() }
          for round in 0..<60 {
            let (gone, running) = (Flag(), Counter())
            let ops = TraceOps(name: "ops", filter: round % 2 == 0 ? .all : TraceFilter(trace: ["f"])) { _ in
              if gone.isSet { late.add() }
              running.add()
              delivered.add()
              if gone.isSet { late.add() }
              running.add(-1)
            }
            try runtime.register(ops)
            while delivered.count < round {}
            try runtime.unregister(ops)
            #expect(running.count == 0, "the callback was still running, round \(round)")
            gone.set()
          }
        })
      #expect(late.count == 0)
    }
  }

  @Test("row 40: unregister waits for a callback that is parked", arguments: RecordingMode.allCases)
  func waitsForParked(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 1)
      let (parkedInside, goOn, returned, early) = (Flag(), Flag(), Flag(), Counter())
      let ops = TraceOps(name: "ops") { _ in
        parkedInside.set()
        parked { goOn.wait() }
        if returned.isSet { early.add() }
      }
      try runtime.register(ops)
      try beside {
        _ = f(1)
      } meanwhile: {
        parkedInside.wait()
        try beside {
          while !runtime.registeredOps.isEmpty {}
          // A chance for an unregistration that does not wait; one that does is in no hurry.
          ftrace_sleep(20_000_000)
          goOn.set()
        } meanwhile: {
          try runtime.unregister(ops)
          returned.set()
        }
      }
      #expect(early.count == 0, "unregister returned while the callback was on a stack")
    }
  }

  @Test(
    "row 40: nor if a worker is in another callback of the same call, and parked there",
    arguments: RecordingMode.allCases, [false, true])
  func neverAfterAnotherCallback(mode: RecordingMode, filtered: Bool) throws {
    try withRuntime(mode, alone: true) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (inFirst, goOn, gone, late, result) = (Flag(), Flag(), Flag(), Counter(), Counter())
      let filter = filtered ? TraceFilter(trace: ["f"]) : .all
      let older = TraceOps(name: "older", filter: filter) { _ in
        if gone.isSet { late.add() }
      }
      // Newest first: this one is called before the other, in the same call of the traced function.
      let newer = TraceOps(name: "newer", filter: filter) { _ in
        inFirst.set()
        parked { goOn.wait() }
      }
      try runtime.register(older)
      try runtime.register(newer)
      try beside(
        { result.add(f(41)) },
        meanwhile: {
          inFirst.wait()
          // The worker is on its way to `older`. An unregistration that waits for it is right, too, and is let through by and by.
          try beside(
            {
              for _ in 0..<2000 where !gone.isSet { ftrace_sleep(100_000) }
              goOn.set()
            },
            meanwhile: {
              try runtime.unregister(older)
              gone.set()
            })
        })
      #expect(result.count == 42)
      #expect(late.count == 0, "the callback was called after unregister had returned")
      try runtime.unregister(newer)
    }
  }

  @Test(
    "row 40: a call that is parked in one callback finds the rest of its way, whatever is reclaimed meanwhile",
    arguments: RecordingMode.allCases)
  func parkedAcrossReclamation(mode: RecordingMode) async {
    // In a process of its own: freed code traps.
    await #expect(processExitsWith: .success) { [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let f = try runtime.adder("f", 1)
      _ = f(1)
      let (inFirst, goOn, late, result) = (Flag(), Flag(), Counter(), Counter())
      let older = (0..<3).map { number in TraceOps(name: "older \(number)") { _ in late.add() } }
      let newer = TraceOps(name: "newer") { _ in
        inFirst.set()
        parked { goOn.wait() }
      }
      for ops in older { try runtime.register(ops) }
      try runtime.register(newer)
      try beside(
        { result.add(f(41)) },
        meanwhile: {
          inFirst.wait()
          for ops in older { try runtime.unregister(ops) }
          // The memory of what went is used again, as far as the engine gives it away.
          for round in 0..<5 {
            try runtime.reclaim()
            for size in [16, 48, 80, 112] {
              let bytes = [UInt8](repeating: 0xCC, count: size)
              _ = try runtime.importFunction("filler \(round) \(size)", bytes: bytes, sites: [])
            }
          }
          goOn.set()
        })
      #expect(result.count == 42)
      #expect(late.count == 0)
      try runtime.unregister(newer)
    }
  }

  @Test(
    "row 41: from inside a callback, commands are refused and nothing deadlocks",
    arguments: RecordingMode.allCases)
  func insideCallback(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let other = try runtime.adder("other", 1)
      let errors = Mutex<[String]>([])
      let more = TraceOps(name: "more") { _ in }
      let box = Late<(runtime: TraceRuntime, own: TraceOps, other: EmittedFunction<Int, Int>)>()
      defer { box.clear() }
      let ops = TraceOps(name: "ops", filter: TraceFilter(functions: ["f"])) { _ in
        let (runtime, own, other) = box.value
        func attempt(_ name: String, _ command: () throws -> Void) {
          do {
            try command()
            errors.withLock { $0.append("\(name): no error") }
          } catch FtraceError.quiescence(.insideCallback) {
          } catch {
            errors.withLock { $0.append("\(name): \(error)") }
          }
        }
        attempt("register") { try runtime.register(more) }
        attempt("unregister") { try runtime.unregister(own) }
        attempt("setFilter") { try runtime.setFilter(TraceFilter(trace: ["o*"]), of: own) }
        attempt("setEnabled") { try runtime.setEnabled(false) }
        attempt("free") { try runtime.free(other.handle) }
        attempt("reclaim") { try runtime.reclaim() }
        attempt("kill") { try runtime.kill() }
      }
      box.set((runtime, ops, other))
      try runtime.register(ops)
      let before = runtime.statistics
      #expect(f(1) == 2)
      #expect(errors.withLock { $0 } == [])
      #expect(runtime.registeredOps.map(\.name) == ["ops"])
      #expect(runtime.isEnabled)
      #expect(runtime.killedReason == nil)
      #expect(runtime.statistics.stops == before.stops)
      #expect(other(1) == 2)
      try runtime.unregister(ops)
    }
  }

  @Test(
    "row 41: retire() from a callback removes the ops, with no deadlock",
    arguments: RecordingMode.allCases)
  func retire(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let calls = Counter()
      let box = Late<(runtime: TraceRuntime, own: TraceOps)>()
      defer { box.clear() }
      let ops = TraceOps(name: "once") { _ in
        calls.add()
        if calls.count == 1 { box.value.runtime.retire(box.value.own) }
      }
      box.set((runtime, ops))
      try runtime.register(ops)
      #expect(f(1) == 2)
      // No thread drives the daemon's clock here: the next tick serves what was queued.
      #expect(runtime.registeredOps.count == 1)
      #expect(f(1) == 2)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.registeredOps.isEmpty)
      let before = calls.count
      #expect(before == 2)
      for _ in 0..<10 { _ = f(1) }
      #expect(calls.count == before)
    }
  }

  @Test("row 41: what a callback calls is not handed to it again, and is counted", arguments: RecordingMode.allCases)
  func recursion(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 2))
      let (own, other, box) = (Counter(), Counter(), Late(g))
      defer { box.clear() }
      let ops = TraceOps(name: "calls g") { _ in
        own.add()
        if box.value(1) != 3 { own.add(100) }
      }
      try runtime.register(ops)
      let watch = TraceOps(name: "watch", filter: TraceFilter(trace: ["g"])) { _ in other.add() }
      try runtime.register(watch)
      for _ in 0..<5 { #expect(f(1) == 2) }
      #expect(own.count == 5)
      #expect(runtime.recursions(of: ops) == 5)
      #expect(other.count == 5, "another ops sees the call")
      try runtime.unregister(ops)
    }
  }
}
