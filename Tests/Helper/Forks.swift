import CFtraceShims
import CFtraceTestFreeze
import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtraceQuiescence
import FtraceTestSupport
import Glibc

/// A worker forks from within emitted code, while others are mid-call and stops are under way. Parent and child go on calling and
/// tracing, neither sees the other's patches, and both are audited.
func forksUnderLoad() throws {
  // What the Swift runtime makes under its locks is made before other threads can hold them at a fork.
  let rehearsal = try TraceRuntime(testConfiguration())
  live(rehearsal, try rehearsal.adders(32), 0)
  let runtime = try TraceRuntime(testConfiguration())
  let functions = try runtime.adders(32)
  let children = SharedWords(2)
  let fork = try runtime.hostFunction("fork") { () -> Int in Int(ftrace_test_fork()) }
  let forking = try runtime.define("forking", as: (() -> Int).self) { f in
    f.entrySite()
    f.prologue()
    f.call(fork)
    f.functionReturn()
  }
  let spin = try runtime.spinner("spin")
  let done = Flag()
  let counted = SharedWords(64)
  let ops = TraceOps(name: "count") { _ in counted[Int(ftrace_test_thread_number() % 64)] += 1 }
  beside {
    onThreads(3) { number in
      if number == 2 {
        // Never leaves emitted code, never polls.
        _ = spin(Int(bitPattern: unsafe children.base))
        return
      }
      var argument = number
      while !done.isSet {
        for (index, f) in functions.enumerated() {
          let result = f(argument)
          // Of a function that is redefined all the time.
          check(
            result == argument + index || (index == 0 && result == argument + 100),
            "f\(index)(\(argument)) is \(result)")
        }
        argument += 1
      }
    }
  } meanwhile: {
    beside {
      var round = 0
      while !done.isSet {
        round += 1
        do {
          try runtime.register(ops)
          try runtime.redefine(functions[0].handle) { $0.addsToArgument(round % 2 == 0 ? 0 : 100) }
          try runtime.unregister(ops)
        } catch { fail("parent: \(error)") }
      }
    } meanwhile: {
      for round in 0..<20 {
        let child = forking()
        if child == 0 { inChild(runtime, functions, round) }
        check(child > 0, "fork failed")
        let status = ftrace_test_wait(Int32(child))
        check(status == 0, "child \(round) ended with \(status)")
      }
      children[0] = 1
      done.set()
    }
  }
  let audit = runtime.audit()
  check(audit.damaged.isEmpty, "parent: \(audit.damaged)")
  check(functions[5](1) == 6, "the parent saw a child's code")
}

/// The child's own life. It has one thread, and must not meet what the parent does meanwhile.
private func inChild(_ runtime: TraceRuntime, _ functions: [EmittedFunction<Int, Int>], _ round: Int) -> Never {
  live(runtime, functions, round)
  _exit(0)
}

private func live(_ runtime: TraceRuntime, _ functions: [EmittedFunction<Int, Int>], _ round: Int) {
  do {
    // What was registered goes on; a tracer of the child's own counts exactly.
    let calls = SharedWords(1)
    let own = TraceOps(name: "child") { _ in calls[0] += 1 }
    try runtime.register(own)
    for f in functions[1...] { _ = f(1) }
    check(calls[0] == functions.count - 1, "child: \(calls[0]) calls traced of \(functions.count - 1)")
    // The parent patches all the time: none of it may show here.
    let before = runtime.sites
    for _ in 0..<5 {
      usleep(1_000)
      check(runtime.sites == before, "child: the parent's patches show")
    }
    try runtime.redefine(functions[5].handle) { $0.addsToArgument(1_000) }
    check(functions[5](1) == 1_001, "child: the new body is not called")
    for (index, f) in functions.enumerated() where index != 0 && index != 5 {
      check(f(round) == round + index, "child: f\(index) is wrong")
    }
    try runtime.unregister(own)
    try runtime.reclaim()
    // Threads of its own.
    onThreads(2) { number in
      for f in functions[1...] { _ = f(number) }
    }
    let grown = try runtime.adder("of the child", 7)
    check(grown(1) == 8, "child: a new function is wrong")
    let audit = runtime.audit()
    check(audit.damaged.isEmpty, "child: \(audit.damaged)")
  } catch { fail("child: \(error)") }
}

/// A fork in a process that has never made a runtime runs no handler of this package: none is installed, whatever else of it is used.
func forkWithoutRuntime() throws {
  func childOf(_ body: () -> Void) {
    let child = ftrace_test_fork()
    if child == 0 {
      body()
      _exit(0)
    }
    check(ftrace_test_wait(child) == 0, "the child failed")
  }
  let ops = TraceOps(name: "unused") { _ in }
  let tracer = NopTracer()
  childOf { check(ftrace_test_fork_handlers() == 0, "child: handlers without a runtime") }
  check(ftrace_test_fork_handlers() == 0, "\(ftrace_test_fork_handlers()) handlers without a runtime")
  withExtendedLifetime((ops, tracer)) {}
  // The child of such a process can make the first.
  childOf {
    do {
      let f = try TraceRuntime(testConfiguration()).adder("f", 1)
      check(f(1) == 2, "child: f is wrong")
    } catch { fail("child: \(error)") }
    check(ftrace_test_fork_handlers() == 1, "child: \(ftrace_test_fork_handlers()) handlers")
  }
  // One, for however many runtimes.
  for _ in 0..<2 { _ = try TraceRuntime(testConfiguration()) }
  check(ftrace_test_fork_handlers() == 1, "\(ftrace_test_fork_handlers()) handlers for two runtimes")
}

/// A fork in a process whose runtimes are all gone, and in one that is idle.
func forkWithoutCalls() throws {
  func childOf(_ body: () -> Void) {
    let child = ftrace_test_fork()
    if child == 0 {
      body()
      _exit(0)
    }
    check(ftrace_test_wait(child) == 0, "the child failed")
  }
  childOf {}
  do {
    let runtime = try TraceRuntime(testConfiguration())
    let f = try runtime.adder("f", 1)
    childOf {
      check(f(1) == 2, "child: f is wrong")
      // A child of the child.
      childOf { check(f(2) == 3, "grandchild: f is wrong") }
    }
    check(f(3) == 4, "parent: f is wrong")
  }
  // Where no runtime is left there is nothing to stop for.
  func generation() throws -> UInt64 { try unsafe Quiescence.stop().generation }
  let before = try generation()
  childOf { check((try? generation()) == before + 1, "child: the stops are not numbered on") }
  check(try generation() == before + 1, "a fork without runtimes makes a stop")
}

/// Threads are in the recorder when the process is forked, each at another of its instructions, and do not arrive. The child has every
/// function and every record, and none is pending for ever.
func forkWhileOthersRecord() throws {
  typealias Function = @convention(c) (UInt64) -> UInt64
  _ = alarm(120)
  let runtime = try TraceRuntime(testConfiguration())
  let (reached, passed, done) = (Counter(), Counter(), Flag())
  // Safe: gates of functions that are held to the end.
  @Sendable func record(_ f: EmittedFunction<Int, Int>, freezingAt step: UInt64) throws -> UInt64 {
    let call = unsafe unsafeBitCast(try f.handle.gate(), to: Function.self)
    let context = Frozen(reached, done)
    var steps = unsafe ftrace_test_steps()
    unsafe (steps.at, steps.context) = (step, Unmanaged.passUnretained(context).toOpaque())
    unsafe steps.action = { context in
      guard let context = unsafe context else { return }
      unsafe Unmanaged<Frozen>.fromOpaque(context).takeUnretainedValue().freeze()
    }
    check(unsafe ftrace_test_call_in_steps(call, 41, &steps) > 41, "a result is wrong")
    withExtendedLifetime(context) {}
    return unsafe steps.steps
  }
  // The first records come back, so that others are taken from the free list.
  let gone = try (0..<20).map { try runtime.adder("gone \($0)", 1) }
  for f in gone { _ = f(1) }
  try runtime.forceUpdate()
  _ = try runtime.free(gone.map(\.handle))
  for _ in 0..<2 { try runtime.reclaim() }
  let first = try runtime.adder("first", 1)
  _ = first(1)
  let length = Int(try record(try runtime.adder("measured", 1), freezingAt: .max))
  check(length > 20, "the recorder was not seen")
  let functions = try (0..<length).map { try runtime.adder("f\($0)", 1) }
  for f in functions { _ = try f.handle.gate() }
  beside {
    onThreads(length) { index in
      _ = first(1)  // registers the thread, which takes many steps
      do {
        // A record from the free list takes more instructions: one that was never used may have had fewer.
        if try record(functions[index], freezingAt: UInt64(index)) <= UInt64(index) { passed.add() }
      } catch { fail("\(error)") }
    }
  } meanwhile: {
    while reached.count + passed.count < length { usleep(1_000) }
    check(passed.count < length / 2, "\(passed.count) of \(length) threads are not in the recorder")
    let child = ftrace_test_fork()
    if child == 0 {
      do {
        for f in functions { check(f(1) == 2, "child: a function is wrong") }
        try runtime.forceUpdate()
        let statistics = runtime.statistics
        check(statistics.pending == 0, "child: \(statistics.pending) are pending")
        let sites = runtime.sites.filter { $0.kind == .entry && $0.state != .nop }
        check(sites.isEmpty, "child: \(sites.count) sites are not converted, as \(sites.first.map { "\($0)" } ?? "")")
        check(statistics.records == length + 2, "child: \(statistics.records) records for \(length + 2) functions")
        check(runtime.audit().damaged.isEmpty, "child: \(runtime.audit().damaged)")
      } catch { fail("child: \(error)") }
      _exit(0)
    }
    let status = ftrace_test_wait(child)
    done.set()
    check(status == 0, "the child ended with \(status)")
  }
  try runtime.forceUpdate()
  check(runtime.statistics.records == length + 2 && runtime.statistics.pending == 0, "parent: \(runtime.statistics)")
}

/// What a handler does that keeps a thread where it has interrupted it.
private final class Frozen: Sendable {
  private let reached: Counter
  private let done: Flag
  init(_ reached: Counter, _ done: Flag) { (self.reached, self.done) = (reached, done) }
  func freeze() {
    reached.add()
    while !done.isSet { usleep(1_000) }
  }
}

/// Where the code cannot be copied the child must not run it; whatever it asks of the runtime, the parent does not notice.
func forkWithoutMemory() throws {
  var runtime = try TraceRuntime(testConfiguration())
  let f = try runtime.adder("f", 1)
  let calls = SharedWords(1)
  let ops = TraceOps(name: "count") { _ in calls[0] += 1 }
  try runtime.register(ops)
  // Enough for its memory to be given back when it is free.
  let large = try runtime.define("large", as: ((Int) -> Int).self) { f in
    f.addsToArgument(2)
    f.nop(1 << 20)
  }
  check(f(1) == 2 && large(1) == 3 && calls[0] == 2, "f is wrong")
  try runtime.forceUpdate()
  let (sites, code) = (runtime.sites, try large.handle.code().bytes)
  var limit = rlimit()
  // No more descriptors: no memfd for the copy.
  _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  let before = limit.rlim_cur
  limit.rlim_cur = 3
  _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  let child = ftrace_test_fork()
  if child == 0 {
    check(runtime.killedReason != nil, "child: the runtime does not say that it has no code")
    try? runtime.unregister(ops)
    try? runtime.setEnabled(false)
    check((try? runtime.adder("of the child", 1)) == nil, "child: new code could be made")
    try? runtime.free(large.handle, force: true)
    for _ in 0..<3 { try? runtime.reclaim() }
    try? runtime.free(f.handle, force: true)
    for _ in 0..<3 { try? runtime.reclaim() }
    _ = runtime.audit()
    limit.rlim_cur = before
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    // The old one goes.
    runtime = try TraceRuntime(testConfiguration())
    _exit(0)
  }
  limit.rlim_cur = before
  _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  check(ftrace_test_wait(child) == 0, "the child failed")
  check(try runtime.sites == sites && large.handle.code().bytes == code, "parent: its code was changed")
  check(f(1) == 2 && large(1) == 3 && calls[0] == 4, "parent: f is wrong")
  check(runtime.killedReason == nil, "parent: \(runtime.killedReason ?? "")")
  check(runtime.audit().damaged.isEmpty, "parent: \(runtime.audit().damaged)")
}

/// Workers are stopped by signal wherever a host closure is, also while they hold a lock that fork(2) itself wants: malloc's.
func forkWhileOthersAllocate() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let (started, done) = (Counter(), Flag())
  let allocate = try runtime.hostFunction("allocate") { () -> Void in
    started.add()
    while !done.isSet { ftrace_test_allocate() }
  }
  let f = try runtime.define("f", as: (() -> Void).self) { f in
    f.entrySite()
    f.prologue()
    f.call(allocate)
    f.functionReturn()
  }
  beside {
    onThreads(2) { _ in f() }
  } meanwhile: {
    while started.count < 2 {}
    for round in 0..<100 {
      let child = ftrace_test_fork()
      if child == 0 {
        ftrace_test_allocate()
        _exit(0)
      }
      let status = ftrace_test_wait(child)
      check(status == 0, "child \(round) ended with \(status)")
    }
    done.set()
  }
}

/// Another thread waits for the end of a callback when the process is forked: the child has neither, and gets the place of the ops back.
func forkWhileOthersWait() throws {
  let runtime = try TraceRuntime(testConfiguration())
  let f = try runtime.adder("f", 1)
  let (inside, done) = (Flag(), Flag())
  let ops = TraceOps(name: "waits") { _ in
    inside.set()
    parked { done.wait() }
  }
  try runtime.register(ops)
  beside {
    _ = f(1)
  } meanwhile: {
    inside.wait()
    beside {
      do { try runtime.unregister(ops) } catch { fail("\(error)") }
    } meanwhile: {
      while !runtime.registeredOps.isEmpty { sched_yield() }
      let child = ftrace_test_fork()
      if child == 0 {
        do {
          let calls = SharedWords(1)
          for index in 0..<Int(FTRACE_OPS_SLOTS) {
            try runtime.register(TraceOps(name: "ops \(index)") { _ in calls[0] += 1 })
          }
          _ = f(1)
          check(calls[0] == Int(FTRACE_OPS_SLOTS), "child: \(calls[0]) calls")
        } catch { fail("child: \(error)") }
        _exit(0)
      }
      let status = ftrace_test_wait(child)
      done.set()
      check(status == 0, "the child ended with \(status)")
    }
  }
}

/// A tracer is being started and stopped when the process is forked: the child can use it.
func forkWhileTracersChange() throws {
  _ = alarm(120)
  let runtime = try TraceRuntime(testConfiguration())
  let tracer = NopTracer()
  // What the Swift runtime makes under its locks is made before another thread can hold them at a fork.
  try tracer.start(in: runtime, filter: .all)
  _ = try tracer.stop()
  let done = Flag()
  beside {
    while !done.isSet {
      try? tracer.start(in: runtime, filter: .all)
      _ = try? tracer.stop()
    }
  } meanwhile: {
    for round in 0..<200 {
      let child = ftrace_test_fork()
      if child == 0 {
        _ = alarm(10)
        try? tracer.start(in: runtime, filter: .all)
        check((try? tracer.stop()) != nil, "child: the tracer does not stop")
        _exit(0)
      }
      let status = ftrace_test_wait(child)
      if status != 0 { done.set() }
      check(status == 0, "child \(round) ended with \(status)")
    }
    done.set()
  }
}
