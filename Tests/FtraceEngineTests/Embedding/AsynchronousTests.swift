import Foundation
import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceTestSupport
import Testing

/// Calls that wait, made from tasks: in processes of their own, because a test must not hold a runtime while it is suspended.
@Suite struct AsynchronousTests {
  @Test("however many calls wait, none of them holds a thread of the pool: another task runs meanwhile")
  func poolIsFree() async {
    await #expect(processExitsWith: .success) {
      // Where the pool is blocked nothing else ends this.
      _ = alarm(60)
      let runtime = try await TraceRuntime(testConfiguration())
      let (locked, release) = (Flag(), Flag())
      let holder = startThread(named: "holder") {
        runtime.whileLocked {
          locked.set()
          while !release.isSet { usleep(100) }
        }
      }
      let count = ProcessInfo.processInfo.activeProcessorCount + 4
      while !locked.isSet { await Task.yield() }
      let waiting = (0..<count).map { number in Task.detached { try await runtime.setEnabled(number % 2 == 0) } }
      while runtime.waitingRequests < count { await Task.yield() }
      let other = Task.detached { 42 }
      #expect(await other.value == 42)
      #expect(runtime.waitingRequests == count, "nobody waits any more")
      release.set()
      for task in waiting { try await task.value }
      if let holder { join(holder) }
    }
  }

  /// Runs each job of a task at once, where it is enqueued, and with faults there.
  private final class FaultyExecutor: TaskExecutor {
    private let faults: [Fault]
    init(_ faults: [Fault]) { self.faults = faults }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      System.withFaults(faults) { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
  }

  @Test("without a thread to spare a call fails, and nothing has changed; it does not wait on a thread of the pool")
  func noThread() async {
    await #expect(processExitsWith: .success) { try await Self.everyCallFails() }
  }

  @Test("the forms for tasks do what the others do")
  func forms() async {
    await #expect(processExitsWith: .success) {
      let runtime = try await TraceRuntime(testConfiguration())
      let later = try await runtime.declare("later", signature: Signature([.int64], returning: .int64))
      #expect(try await runtime.function(named: "later").isLive == false)
      let host = try await runtime.hostFunction("thrice") { (x: Int) in 3 * x }
      let noted = Flag()
      let note = try await runtime.hostFunction("note") { (_: Int) in noted.set() }
      let sixfold = try await runtime.define("sixfold", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.prologue()
        f.call(host)
        f.add(.rax, .rax)
        f.functionReturn()
      }
      #expect(sixfold(7) == 42)
      let procedure = try await runtime.define("procedure", as: ((Int) -> Void).self) { f in
        f.entrySite()
        f.prologue()
        f.call(note)
        f.functionReturn()
      }
      procedure(1)
      #expect(noted.isSet)
      // lea rax, [rdi + 1]; ret, behind a NOP of five bytes.
      let imported = try await runtime.importFunction(
        "imported", bytes: [0x0F, 0x1F, 0x44, 0x00, 0x00, 0x48, 0x8D, 0x47, 0x01, 0xC3], sites: [(0, .entry)],
        signature: Signature([.int64], returning: .int64))
      #expect(try await runtime.typed(imported, as: ((Int) -> Int).self)(1) == 2)
      // Safe: the gate of a function of that type, which lives.
      let gate = unsafe unsafeBitCast(try await imported.gate(), to: (@convention(c) (Int) -> Int).self)
      let called = gate(41)
      #expect(called == 42)
      _ = try await runtime.define("later", signature: later.signature) { $0.addsToArgument(1) }
      #expect(later.isLive)
    }
  }

  private static func everyCallFails() async throws {
    let runtime = try await TraceRuntime(testConfiguration())
    let f = try runtime.adder("f", 1)
    _ = f(1)
    let (own, other) = (TraceOps(name: "own") { _ in }, TraceOps(name: "other") { _ in })
    try await runtime.register(own)
    let calls: [(String, @Sendable () async throws(FtraceError) -> Void)] = [
      ("register", { () async throws(FtraceError) in try await runtime.register(other) }),
      ("unregister", { () async throws(FtraceError) in try await runtime.unregister(own) }),
      (
        "setFilter",
        { () async throws(FtraceError) in try await runtime.setFilter(TraceFilter(notrace: ["f"]), of: own) }
      ),
      ("setEnabled", { () async throws(FtraceError) in try await runtime.setEnabled(false) }),
      ("forceUpdate", { () async throws(FtraceError) in try await runtime.forceUpdate() }),
      ("free", { () async throws(FtraceError) in try await runtime.free(f.handle) }),
      ("free many", { () async throws(FtraceError) in _ = try await runtime.free([f.handle], force: true) }),
      ("reclaim", { () async throws(FtraceError) in try await runtime.reclaim() }),
      ("define", { () async throws(FtraceError) in _ = try await runtime.define("g") { $0.addsToArgument(1) } }),
      ("declare", { () async throws(FtraceError) in _ = try await runtime.declare("h") }),
      (
        "importFunction",
        { () async throws(FtraceError) in _ = try await runtime.importFunction("h", bytes: [0xC3], sites: []) }
      ),
      (
        "define typed",
        { () async throws(FtraceError) in
          _ = try await runtime.define("h", as: ((Int) -> Int).self) { $0.addsToArgument(1) }
        }
      ),
      (
        "define procedure",
        { () async throws(FtraceError) in
          _ = try await runtime.define("h", as: ((Int) -> Void).self) { $0.addsToArgument(1) }
        }
      ),
      ("typed", { () async throws(FtraceError) in _ = try await runtime.typed(f.handle, as: ((Int) -> Int).self) }),
      ("function", { () async throws(FtraceError) in _ = try await runtime.function(named: "f") }),
      ("gate", { () async throws(FtraceError) in _ = try await f.handle.gate() }),
      ("hostFunction", { () async throws(FtraceError) in _ = try await runtime.hostFunction("h") { (x: Int) in x } }),
      ("host procedure", { () async throws(FtraceError) in _ = try await runtime.hostFunction("h") { (_: Int) in } }),
      ("redefine", { () async throws(FtraceError) in try await runtime.redefine(f.handle) { $0.addsToArgument(2) } }),
      ("rename", { () async throws(FtraceError) in try await runtime.rename(f.handle, to: "g") }),
      ("kill", { () async throws(FtraceError) in try await runtime.kill() }),
      ("audit", { () async throws(FtraceError) in _ = try await runtime.audit() }),
      ("selfTest", { () async throws(FtraceError) in try await runtime.selfTest() }),
      ("advance", { () async throws(FtraceError) in try await runtime.advanceDaemonClock(by: .seconds(1)) }),
    ]
    let executor = FaultyExecutor([.failAlways(.threadCreate, errno: EAGAIN)])
    let before = try Snapshot(runtime)
    for (name, call) in calls {
      let task = Task(executorPreference: executor) { () -> String in
        do throws(FtraceError) {
          try await call()
          return "no error"
        } catch {
          return "\(error)"
        }
      }
      let error = await task.value
      #expect(error.hasPrefix("pthread_create failed with EAGAIN: raise the limits of threads"), "\(name): \(error)")
      let after = try Snapshot(runtime)
      for (one, other) in zip(Mirror(reflecting: before).children, Mirror(reflecting: after).children) {
        #expect("\(one.value)" == "\(other.value)", "\(name)")
      }
    }
    #expect(f(1) == 2)
    try await runtime.unregister(own)
    #expect(runtime.registeredOps.isEmpty)
  }
}
