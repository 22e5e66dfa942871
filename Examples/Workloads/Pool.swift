import Ftrace
import Glibc
import Synchronization

/// Runs and checks one piece of a workload, the same for the same number; any thread may call it.
typealias PoolJob = @Sendable (_ number: Int) -> Bool

/// A workload that the pool can run in pieces.
protocol PoolWorkload: Workload {
  /// Defines the functions.
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob
}

/// Worker threads call the functions of all other workloads, while a controller switches tracers on and off under them.
public struct Pool: Workload {
  public static let name = "pool"
  public static let help = "worker threads run all the other workloads while a controller switches tracers on and off"
  public static let usage = "[ROUNDS=50]"

  private static let members: [any PoolWorkload.Type] = [Fib.self, Calls.self, Matmul.self, Brainfuck.self]

  private let rounds: Int

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    rounds = try arguments.number("ROUNDS", in: 1...1_000_000, missing: 50)
    try arguments.end()
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    var jobs: [(name: String, job: PoolJob)] = []
    for member in Self.members { jobs.append((member.name, try member.job(in: runtime))) }
    let (work, rounds) = (jobs, rounds)
    var controller = Controller(runtime: runtime)
    let runRounds: @Sendable (Int) -> [String] = { worker in
      var failures: [String] = []
      for round in 0..<rounds {
        for offset in work.indices {
          let (name, job) = work[(worker + offset) % work.count]
          if !job(round) { failures.append("\(name) in round \(round) of worker \(worker)") }
        }
      }
      return failures
    }
    let failures = try onThreads(context.threads ?? 4, named: Self.name, runRounds) { isRunning in
      controller.run(while: isRunning)
    }
    if let failure = failures.joined().first { throw .mismatch(failure) }
    if let error = controller.error { throw .runtime(error) }
    try controller.checkCounts { _ = work[0].job(0) }
    let workers = failures.count
    context.output.write("\(workers) workers, \(rounds) rounds each of \(Self.members.count) workloads: all right\n")
  }
}

/// Registers and unregisters tracers of several kinds: for all functions, for some, with registers.
private struct Controller {
  let runtime: TraceRuntime
  private(set) var error: FtraceError?
  private let counter = Counter()

  init(runtime: TraceRuntime) { self.runtime = runtime }

  private final class Counter: Sendable {
    let calls = Atomic<Int>(0)
  }

  mutating func run(while isRunning: () -> Bool) {
    let counter = counter
    let kinds: [(filter: TraceFilter, registers: Bool)] = [
      (.all, false), (TraceFilter(trace: ["f*"]), false), (TraceFilter(notrace: ["loop_*"]), false), (.all, true),
    ]
    var turn = 0
    do throws(FtraceError) {
      repeat {
        let kind = kinds[turn % kinds.count]
        let ops = TraceOps(name: "pool", filter: kind.filter, registers: kind.registers) { _ in
          counter.calls.add(1, ordering: .relaxed)
        }
        try runtime.register(ops)
        usleep(200)
        try runtime.unregister(ops)
        turn += 1
      } while isRunning()
    } catch { self.error = error }
  }

  /// With the workers gone counts are exact: the fib of 8 takes 67 calls, and an unregistered tracer sees none.
  func checkCounts(_ fibOf8: () -> Void) throws(WorkloadError) {
    let counter = Counter()
    let ops = TraceOps(name: "pool", filter: TraceFilter(functions: ["fib"])) { _ in
      counter.calls.add(1, ordering: .relaxed)
    }
    do throws(FtraceError) {
      try runtime.register(ops)
      fibOf8()
      try runtime.unregister(ops)
    } catch { throw .runtime(error) }
    fibOf8()
    let counted = counter.calls.load(ordering: .relaxed)
    guard counted == 67 else { throw .mismatch("a tracer saw \(counted) of 67 calls") }
  }
}
