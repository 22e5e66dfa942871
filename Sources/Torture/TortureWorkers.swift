import CFtraceShims
import Ftrace
import FtracePlatform
import Glibc
import Synchronization

/// What the workers read: a gate and the parameters of its value for each place, replaced as a whole by the controller.
final class TortureTable: Sendable {
  /// One root function that workers call, with what is needed to check it.
  final class Entry: Sendable {
    let gate: UInt
    let check: @Sendable (Int64) -> Int64
    init(gate: UInt, check: @escaping @Sendable (Int64) -> Int64) {
      self.gate = gate
      self.check = check
    }
  }

  private let entries: Mutex<[Entry]>
  let stopping = Atomic<Bool>(false)
  let wrong = Mutex<[String]>([])

  init(_ entries: [Entry]) { self.entries = Mutex(entries) }

  func replace(_ index: Int, with entry: Entry) { entries.withLock { $0[index] = entry } }
  func snapshot() -> [Entry] { entries.withLock { $0 } }
}

/// A thread that calls random functions through their gates.
final class TortureWorker: Sendable {
  /// Counts the turns: after it has moved twice, the worker holds no entry from before.
  let turns = Atomic<Int>(0)
  // Safe: set once, in the initialiser, and read by the controller, which made the worker.
  private nonisolated(unsafe) var thread: pthread_t?

  init(number: Int, seed: UInt64, table: TortureTable, counters: UInt, slot: UInt32) {
    let turns = TurnCounter(worker: self)
    unsafe thread = startThread(named: "torture-\(number)") {
      var generator = SeededGenerator(seed: seed)
      ftrace_delay_seed(seed &* 2 &+ 1)
      _ = try? withWorker(named: "torture-\(number)") { _ in
        // Safe: the cells outlive the worker; the tracer's callback finds them by this pointer.
        unsafe ftrace_thread_set_runtime(slot, UnsafeMutableRawPointer(bitPattern: counters))
        while !table.stopping.load(ordering: .relaxed) {
          Self.turn(table, &generator)
          turns.advance()
        }
      }
    }
  }

  /// Keeps the worker's counter without keeping the thread's creation in the way.
  private struct TurnCounter: Sendable {
    let worker: TortureWorker
    func advance() { worker.turns.add(1, ordering: .releasing) }
  }

  func finish() {
    if let thread = unsafe thread { join(thread) }
  }

  /// A few hundred calls with one view of the table.
  private static func turn(_ table: TortureTable, _ generator: inout SeededGenerator) {
    let entries = table.snapshot()
    for _ in 0..<64 {
      let entry = entries[Int(truncatingIfNeeded: generator.next() >> 33) % entries.count]
      let argument = Int64(truncatingIfNeeded: generator.next() & 0xFFFF)
      typealias Gate = @convention(c) (Int64) -> Int64
      // Safe: the controller frees a function only after every worker has let go of the table that held its gate.
      let result = unsafe unsafeBitCast(entry.gate, to: Gate.self)(argument)
      if result != entry.check(argument) {
        table.wrong.withLock { $0.append("a call returned \(result), not \(entry.check(argument))") }
      }
    }
  }
}
