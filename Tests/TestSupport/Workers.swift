import FtraceEngine
import FtraceQuiescence
import Glibc
import Synchronization

/// Runs `body` on `count` threads of their own, and returns when all have ended.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let threads = (0..<count).map { index in
    guard let thread = startThread(named: "test-\(index)", { body(index) }) else {
      preconditionFailure("the system has no thread to spare")
    }
    return thread
  }
  for thread in threads { join(thread) }
}

/// Runs `body` on a thread of its own while `meanwhile` runs on this one; then waits for it.
package func beside<Result>(
  _ body: @escaping @Sendable () -> Void, meanwhile: () throws -> Result
) rethrows -> Result {
  guard let thread = startThread(named: "test-beside", body) else {
    preconditionFailure("the system has no thread to spare")
  }
  defer { join(thread) }
  return try meanwhile()
}

/// Runs `body` while a worker is inside and neither polls nor parks: no stop is possible without a signal.
package func besideLateWorker<Result>(_ body: () throws -> Result) rethrows -> Result {
  let (inside, leave) = (Flag(), Flag())
  return try beside(
    {
      do {
        try withWorker { worker in
          worker.inside {
            inside.set()
            leave.wait()
          }
        }
      } catch { preconditionFailure("\(error)") }
    },
    meanwhile: {
      defer { leave.set() }
      inside.wait()
      return try body()
    })
}

/// A place where threads meet: none goes on before all have come. It can be used again and again.
@safe package final class Barrier: Sendable {
  // Safe: initialised once, and used by the functions of pthread_barrier(3) alone.
  private nonisolated(unsafe) let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

  package init(_ count: Int) { unsafe pthread_barrier_init(barrier, nil, UInt32(count)) }

  deinit {
    unsafe pthread_barrier_destroy(barrier)
    unsafe barrier.deallocate()
  }

  package func meet() { unsafe _ = pthread_barrier_wait(barrier) }
}

/// A flag that one thread sets and others wait for, without sleeping in between.
package final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  package init() {}

  package var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }

  package func set() { value.store(true, ordering: .sequentiallyConsistent) }

  package func wait() { while !isSet { sched_yield() } }
}

/// A number that threads count up.
package final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  package init() {}

  package var count: Int { value.load(ordering: .sequentiallyConsistent) }

  package func add(_ number: Int = 1) { value.add(number, ordering: .sequentiallyConsistent) }
}

/// A list that threads append to.
package final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  package init() {}

  package var entries: [Entry] { list.withLock { $0 } }

  package func append(_ entry: Entry) { list.withLock { $0.append(entry) } }
}
