import Ftrace
import Glibc
import Synchronization

/// Runs `body` on threads, each with its index, and returns what they returned, in order of the index.
///
/// One thread is the caller's own, unless there is something to do beside it.
/// - Parameters:
///   - name: what traces show for the threads.
///   - beside: runs on the calling thread meanwhile; its argument tells whether a thread still runs.
func onThreads<Result: Sendable>(
  _ count: Int, named name: String, _ body: @escaping @Sendable (Int) -> Result,
  beside: ((_ isRunning: () -> Bool) -> Void)? = nil
) throws(WorkloadError) -> [Result] {
  let crew = Crew(count: count, name: name, body)
  if count == 1, beside == nil {
    crew.run(0)
    return crew.results
  }
  var threads: [pthread_t] = []
  var failure: Int32 = 0
  for index in 0..<count {
    var thread = pthread_t()
    let job = unsafe Unmanaged.passRetained(Job(index: index) { crew.run(index) })
    // Safe: the job is retained until the thread has taken it, or could not be started.
    failure = unsafe pthread_create(
      &thread, nil,
      { job in
        if let job = unsafe job { unsafe Unmanaged<Job>.fromOpaque(job).takeRetainedValue().run() }
        return nil
      }, job.toOpaque())
    guard failure == 0 else {
      unsafe job.release()
      break
    }
    threads.append(thread)
  }
  if failure == 0 { beside?({ crew.isRunning }) }
  for thread in threads { pthread_join(thread, nil) }
  guard failure == 0 else { throw .noThreads(errno: failure) }
  return crew.results
}

/// What one thread does.
private final class Job: Sendable {
  let index: Int
  let run: @Sendable () -> Void
  init(index: Int, run: @escaping @Sendable () -> Void) {
    self.index = index
    self.run = run
  }
}

/// What the threads share.
private final class Crew<Result: Sendable>: Sendable {
  private let name: String
  private let body: @Sendable (Int) -> Result
  private let collected = Mutex<[Int: Result]>([:])
  private let running: Atomic<Int>

  init(count: Int, name: String, _ body: @escaping @Sendable (Int) -> Result) {
    self.name = name
    self.body = body
    running = Atomic(count)
  }

  var isRunning: Bool { running.load(ordering: .relaxed) > 0 }
  var results: [Result] { collected.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

  func run(_ index: Int) {
    // Gates attach threads by themselves; a worker gives the thread a name. Where that is refused, so would a gate be.
    let result = (try? withWorker(named: name) { _ in body(index) }) ?? body(index)
    collected.withLock { $0[index] = result }
    running.subtract(1, ordering: .relaxed)
  }
}
