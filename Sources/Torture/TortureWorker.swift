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
  /// What becomes of the thread, shared with it.
  private final class Progress: Sendable {
    /// Counts the turns: after it has moved twice, the worker holds no entry from before.
    let turns = Atomic<Int>(0)
    /// The thread makes no call any more, or never did.
    let hasEnded = Atomic<Bool>(false)
  }

  private let progress = Progress()
  private let thread: pthread_t?

  /// - Parameters:
  ///   - number: its place in the books.
  ///   - seed: fixes its calls.
  ///   - turns: how many it makes.
  ///   - adopt: gives the thread its block in the books.
  init(
    number: Int, seed: UInt64, turns: Int, table: TortureTable, failing: Bool, adopt: @escaping @Sendable () -> Void
  ) {
    let progress = progress
    thread = startThread(named: "torture-\(number)") {
      // Pairs with the acquiring load in `hasEnded`: the books are complete.
      defer { progress.hasEnded.store(true, ordering: .releasing) }
      if failing { return }
      var generator = SeededGenerator(seed: seed)
      ftrace_delay_seed(seed &* 2 &+ 1)
      // A thread that cannot be registered ends at once: the others go on without it.
      try? withWorker(named: "torture-\(number)") { _ in
        adopt()
        for _ in 0..<turns {
          if table.stopping.load(ordering: .relaxed) { break }
          Self.turn(table, &generator)
          progress.turns.add(1, ordering: .releasing)
        }
      }
    }
    if thread == nil { progress.hasEnded.store(true, ordering: .releasing) }
  }

  /// Whether the thread makes no call any more. One that did not start has ended as well.
  var hasEnded: Bool { progress.hasEnded.load(ordering: .acquiring) }
  var hasStarted: Bool { thread != nil }

  /// Tells whether the worker has let go of all that it read from the table before this was called.
  func turnsEnd() -> @Sendable () -> Bool {
    let progress = progress
    let before = progress.turns.load(ordering: .acquiring)
    return {
      // Pairs with the releasing addition: what the worker did in those turns has happened.
      progress.hasEnded.load(ordering: .acquiring) || progress.turns.load(ordering: .acquiring) >= before + 2
    }
  }

  func finish() {
    if let thread = thread { join(thread) }
  }

  /// Some dozens of calls with one view of the table.
  private static func turn(_ table: TortureTable, _ generator: inout SeededGenerator) {
    let entries = table.snapshot()
    for _ in 0..<32 {
      let entry = entries[Int(truncatingIfNeeded: generator.next() >> 33) % entries.count]
      let argument = Int64(truncatingIfNeeded: generator.next() & 0xFFFF)
      // Safe: the controller frees a function only after every worker has let go of the table that held its gate.
      let result = unsafe call(gate: entry.gate, argument)
      if result != entry.check(argument) {
        table.wrong.withLock { $0.append("a call returned \(result), not \(entry.check(argument))") }
      }
    }
  }

  /// Calls a function of the torture from outside. The gate's handle must live.
  @unsafe static func call(gate: UInt, _ argument: Int64) -> Int64 {
    typealias Gate = @convention(c) (Int64) -> Int64
    return unsafe unsafeBitCast(gate, to: Gate.self)(argument)
  }
}
