import BenchmarkShims
import Foundation
import Ftrace
import Readers

/// What entering and leaving costs beside the read sides of other locks, and that it does not grow with the number of workers.
func reading(_ bench: Bench, _ results: inout Results) throws {
  let runtime = try TraceRuntime.forBenchmarks()
  let callee = try runtime.leaf("callee", site: false)
  // The handles live as long as the function: the addresses stay valid.
  let address = unsafe try callee.rawEntry()
  let layer = unsafe try runtime.layer("layer", over: callee).rawEntry()
  let gate = try callee.gate()
  // Safe: a function of one integer that returns one.
  readers_call(unsafe unsafeBitCast(address, to: (@convention(c) (UInt64) -> UInt64).self))
  readers_register()
  defer { readers_unregister() }

  let crowd = Crowd()
  defer { crowd.resize(to: 0) }
  func outside(_ name: String, _ address: UInt, workers: Int = 1) -> Variant {
    Variant(name: name, prepare: { crowd.resize(to: workers - 1) }) { bench_call_loop(UInt64($0), address, 1) }
  }
  func inC(_ name: String, _ function: @escaping @convention(c) (UInt64) -> UInt64) -> Variant {
    outside(name, unsafe unsafeBitCast(function, to: UInt.self))
  }
  let counts = [1, 2, 4, 16, 64]
  var variants = [
    outside("a call more", layer), inC("a call more, in C", readers_layer), inC("rwlock", readers_rwlock),
  ]
  if readers_have_urcu() { variants.append(inC("urcu", readers_urcu)) }
  for count in counts { variants.append(outside("gate-\(count)", gate, workers: count)) }
  let times = bench.interleave(variants)

  func row(_ name: String, _ variant: String, over baseline: String, _ budget: ((Samples, Samples) -> Budget)? = nil) {
    guard let samples = times[variant], let base = times[baseline] else { return }
    results.add(
      Row(
        name: name, samples: samples, baseline: .init(name: baseline, samples: base), budget: budget?(samples, base)))
  }
  row("reader-enter-leave", "gate-1", over: "a call more") { .added($0, to: $1, "one more call", atMost: 0.3) }
  if readers_have_urcu() {
    row("reader-urcu-memb", "urcu", over: "a call more, in C")
  } else {
    results.skip("reader-urcu-memb", "liburcu is not installed (Debian: liburcu-dev)")
  }
  row("reader-rwlock", "rwlock", over: "a call more, in C")
  for count in counts.dropFirst() {
    row("reader-workers-\(count)", "gate-\(count)", over: "gate-1") { .ratio($0, to: $1, "one worker", atMost: 1.02) }
  }
  withExtendedLifetime(runtime) {}
}

/// Registered workers beside the one that measures; they sleep outside of emitted code.
private final class Crowd {
  private var members: [(leave: DispatchSemaphore, left: DispatchSemaphore)] = []

  func resize(to count: Int) {
    while members.count > count {
      let member = members.removeLast()
      member.leave.signal()
      member.left.wait()
    }
    while members.count < count {
      let (leave, left, joined) = (
        DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
      )
      Thread.detachNewThread {
        // A thread that cannot be registered is one worker fewer, which `workerCount` shows.
        try? withWorker(named: "bystander") { _ in
          joined.signal()
          leave.wait()
        }
        left.signal()
      }
      joined.wait()
      members.append((leave, left))
    }
    precondition(Quiescence.workerCount >= count, "every bystander is registered")
  }
}
