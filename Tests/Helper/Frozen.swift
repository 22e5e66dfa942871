import CFtraceTestFreeze
import Ftrace
import FtraceEngine
import FtraceQuiescence
import FtraceTestSupport
import Glibc
import Synchronization

/// A lock, with a way to stop a thread inside it and to let it go on.
private struct Freezer: Sendable {
  var freeze: @Sendable () -> Void
  var isFrozen: @Sendable () -> Bool = { ftrace_test_is_frozen() }
  var thaw: @Sendable () -> Void = { ftrace_test_thaw() }
  /// Takes the same lock: proof that it is held. Nothing where there is nothing to prove.
  var takeLock: (@Sendable () -> Void)?
}

private let lock = FairLock()
private let mutex = Mutex<Void>(())

private enum Lazy {
  /// The runtime runs this with the lock of `swift_once` for it.
  static let value: Int = {
    ftrace_test_freeze()
    return 1
  }()
}

/// A type whose metadata nobody has asked for: `[[[Int]]]` and so on. The runtime makes it under the lock of its table.
private func newType(depth: Int) -> Any.Type {
  func array<Element>(of _: Element.Type) -> Any.Type { [Element].self }
  return (0..<depth).reduce(Int.self as Any.Type) { type, _ in _openExistential(type, do: array) }
}

private let freezers: [String: Freezer] = [
  "fair": Freezer(
    freeze: { lock.withShortLock { ftrace_test_freeze() } }, takeLock: { lock.withShortLock {} }),
  "loader": Freezer(
    freeze: { ftrace_test_freeze_in_loader() }, takeLock: { ftrace_test_lock_loader() }),
  "malloc": Freezer(
    freeze: { ftrace_test_freeze_in_allocator() }, isFrozen: { ftrace_test_is_frozen_in_allocator() },
    thaw: { ftrace_test_thaw_allocator() }, takeLock: { ftrace_test_lock_arenas() }),
  "metadata": Freezer(
    freeze: {
      unsafe ftrace_test_freeze_in_mutex_of("libswiftCore")
      _ = newType(depth: 40)
    }, takeLock: { _ = newType(depth: 60) }),
  "mutex": Freezer(
    freeze: { mutex.withLock { _ in ftrace_test_freeze() } }, takeLock: { mutex.withLock { _ in } }),
  "once": Freezer(freeze: { _ = Lazy.value }, takeLock: { _ = Lazy.value }),
  "stream": Freezer(
    freeze: { ftrace_test_freeze_in_stream() }, takeLock: { ftrace_test_lock_stream() }),
]

/// A worker is frozen while it holds a lock, for as long as the stops take: all of them come to their end, and write.
///
/// Everything is made on the thread that asks for the stops, so that outside of stops it needs none of those locks.
func frozenInsideLock() throws {
  guard CommandLine.arguments.count > 2, let freezer = freezers[CommandLine.arguments[2]] else {
    fail("usage: frozen \(freezers.keys.sorted().joined(separator: "|"))", code: 64)
  }
  // Not the first thread: that one uses malloc's main arena.
  onThreads(1) { _ in
    do { try stopFrozenWorker(freezer) } catch { fail("\(error)") }
  }
}

private func stopFrozenWorker(_ freezer: Freezer) throws {
  let runtime = try TraceRuntime(testConfiguration(.onFirstCall, [.set(\.stopGrace, .microseconds(50))]))
  let freeze = try runtime.hostFunction("freeze") { () -> Void in freezer.freeze() }
  let f = try runtime.define("f", as: (() -> Void).self) { f in
    f.entrySite()
    f.prologue()
    f.call(freeze)
    f.functionReturn()
  }
  let written = try runtime.adder("written", 1)
  let site = unsafe try written.handle.rawEntry()
  var (old, new): ([UInt8], [UInt8]) = (
    Array(try written.handle.code().bytes.prefix(5)), [0x66, 0x66, 0x66, 0x66, 0x90]
  )
  func stop(_ count: Int, whileFrozen: Bool) throws {
    for round in 0..<count {
      let result = try runtime.modify(at: site, from: old, to: new)
      check(result == .modified, "stop \(round): \(result)")
      swap(&old, &new)
      guard whileFrozen, let report = runtime.lastStop else { continue }
      check(report.waitedFor == 1 && report.sitesWritten == 1, "stop \(round): \(report)")
    }
  }
  // What is done for the first time here needs the locks.
  try stop(4, whileFrozen: false)
  let taken = Flag()
  try beside({ f() }) {
    while !freezer.isFrozen() { sched_yield() }
    try beside({
      freezer.takeLock?()
      taken.set()
    }) {
      try stop(1_000, whileFrozen: true)
      check(freezer.takeLock == nil || !taken.isSet, "nobody holds the lock")
      freezer.thaw()
    }
  }
  check(taken.isSet, "the lock was not released")
  try stop(4, whileFrozen: false)
  check(runtime.audit().damaged.isEmpty, "\(runtime.audit().damaged)")
}
