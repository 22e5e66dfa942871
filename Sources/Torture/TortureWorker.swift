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
    let log = Mutex(OperationLog())
  }

  let identity: TortureThread
  private let progress = Progress()
  private let thread: pthread_t?

  /// The name of the thread at a place in the books.
  static func name(_ place: Int) -> String { "torture-\(place)" }

  /// - Parameters:
  ///   - identity: of the thread; its index is its place in the books.
  ///   - seed: the torture's, which with the identity fixes its calls.
  ///   - turns: how many it makes, by its own random numbers.
  ///   - adopt: gives the thread its block in the books.
  init(
    _ identity: TortureThread, seed: UInt64, turns: ClosedRange<Int>, table: TortureTable, failing: Bool,
    adopt: @escaping @Sendable () -> Void
  ) {
    self.identity = identity
    let progress = progress
    let name = Self.name(identity.index)
    thread = startThread(named: name) {
      // Pairs with the acquiring load in `hasEnded`: the books are complete.
      defer { progress.hasEnded.store(true, ordering: .releasing) }
      if failing { return }
      ftrace_delay_number(identity.number)
      var generator = identity.generator(of: seed)
      let turns = turns.count == 1 ? turns.lowerBound : Int.random(in: turns, using: &generator)
      var log = OperationLog()
      defer { progress.log.withLock { $0 = log } }
      // A thread that cannot be registered ends at once: the others go on without it.
      try? withWorker(named: name) { _ in
        adopt()
        for _ in 0..<turns {
          if table.stopping.load(ordering: .relaxed) { break }
          Self.turn(table, &generator, &log)
          progress.turns.add(1, ordering: .releasing)
        }
      }
    }
    if thread == nil { progress.hasEnded.store(true, ordering: .releasing) }
  }

  /// Whether the thread makes no call any more. One that did not start has ended as well.
  var hasEnded: Bool { progress.hasEnded.load(ordering: .acquiring) }
  var hasStarted: Bool { thread != nil }
  /// What it did. Complete once it has ended.
  var log: OperationLog { progress.log.withLock { $0 } }

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
  private static func turn(_ table: TortureTable, _ generator: inout SeededGenerator, _ log: inout OperationLog) {
    let entries = table.snapshot()
    for _ in 0..<32 {
      let place = Int(truncatingIfNeeded: generator.next() >> 33) % entries.count
      let entry = entries[place]
      let argument = Int64(truncatingIfNeeded: generator.next() & 0xFFFF)
      log.add(UInt64(place) << 16 | UInt64(argument))
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
