import BenchmarkShims
import Foundation
import Ftrace

/// How long a stop takes while workers run loops that poll, a core each, and how long without any.
func stopping(_ bench: Bench, _ results: inout Results) throws {
  let cpus = ProcessInfo.processInfo.activeProcessorCount
  guard cpus > 1 else {
    results.skip("stop", "it needs a second CPU")
    return
  }
  let runtime = try TraceRuntime.forBenchmarks()
  let alone = try stops(runtime, bench)

  let crew = try Crew(runtime, workers: cpus - 1)
  let busy = try stops(runtime, bench)
  crew.dismiss()

  results.add(
    Row(
      name: "stop", samples: busy.whole, baseline: .init(name: "a stop without workers", samples: alone.whole),
      budget: .nanoseconds(busy.whole.median, atMost: 30_000, "p50 30 us"),
      extra: [
        ("workers", Double(cpus - 1)), ("p99", busy.whole.percentile(99)), ("p50 to stop", busy.toStop.median),
        ("p50 from there to the release", busy.whole.median - busy.toStop.median),
      ]))
  results.add(
    Row(
      name: "stop-p99", samples: Samples([busy.whole.percentile(99)]),
      baseline: .init(name: "stop", samples: busy.whole),
      budget: .nanoseconds(busy.whole.percentile(99), atMost: 100_000, "p99 100 us")))
}

/// Runs stops that write one instruction each: those of a change of tracer.
private func stops(_ runtime: TraceRuntime, _ bench: Bench) throws -> (whole: Samples, toStop: Samples) {
  let ops = unsafe TraceOps(name: "empty", callback: { _, _, _, _ in })
  var (whole, toStop) = (Samples(), Samples())
  for _ in 0..<(bench.quick ? 200 : 2000) {
    for on in [true, false] {
      if on { try runtime.register(ops) } else { try runtime.unregister(ops) }
      guard let stop = runtime.lastStop else { preconditionFailure("a stop was run") }
      toStop.add(stop.timeToStop.nanoseconds)
      whole.add((stop.timeToStop + stop.timeStopped).nanoseconds)
    }
  }
  return (whole, toStop)
}

/// Threads that stay in one emitted call, which polls, until they are dismissed. Each has a CPU of its own, the first one left out.
@safe private final class Crew {
  private let flag: UnsafeMutablePointer<UInt64>
  private let done = DispatchSemaphore(value: 0)
  private let count: Int

  init(_ runtime: TraceRuntime, workers: Int) throws {
    count = workers
    // Read by the workers until they are dismissed; freed after that.
    unsafe flag = .allocate(capacity: 1)
    unsafe flag.initialize(to: 0)
    let spin = try runtime.define("spin", as: ((UInt) -> Void).self) { f in
      let again = f.label("again")
      f.prologue(saving: [.rbx])
      f.mov(.rbx, .rdi)
      f.bind(again)
      f.poll()
      f.cmp(.qword, .base(.rbx), 0)
      f.j(.e, again)
      f.functionReturn()
    }
    let started = DispatchSemaphore(value: 0)
    let (address, done) = (UInt(bitPattern: unsafe flag), done)
    for worker in 1...workers {
      Thread.detachNewThread {
        // A CPU that it cannot have costs precision, not correctness.
        _ = bench_pin(Int32(worker))
        started.signal()
        spin(address)
        done.signal()
      }
    }
    for _ in 0..<workers { started.wait() }
    Thread.sleep(forTimeInterval: 0.01)
  }

  func dismiss() {
    // The emitted loop reads it at each turn; on this processor a store of eight bytes is one.
    unsafe flag.pointee = 1
    for _ in 0..<count { done.wait() }
  }

  deinit { unsafe flag.deallocate() }
}
