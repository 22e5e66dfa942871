import CFtraceShims

/// A lock that serves in order of asking, and parks a worker while it waits, so that the holder may stop the world.
///
/// Not recursive. The lock's order is that of `Quiescence.docc/Quiescence.md`.
@safe package final class FairLock: Sendable {
  // Safe to share: it is set once, and every access to the lock goes through C functions that use atomics.
  private nonisolated(unsafe) let lock: UnsafeMutablePointer<ftrace_ticket_lock>

  package init() {
    unsafe lock = .allocate(capacity: 1)
    unsafe lock.initialize(to: ftrace_ticket_lock())
  }

  deinit { unsafe lock.deallocate() }

  /// Runs `body` with the lock held. The whole scope is parked: a worker that calls this counts as stopped throughout.
  package func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    try parked { () throws(Failure) -> Result in
      if unsafe !ftrace_ticket_try(lock) { unsafe ftrace_ticket_lock(lock) }
      defer { unsafe ftrace_ticket_unlock(lock) }
      return try body()
    }
  }

  /// Runs `body` with the lock held if nobody holds it, this thread included; returns nil otherwise.
  package func withLockIfFree<Result>(_ body: () -> Result) -> Result? {
    parked {
      guard unsafe ftrace_ticket_try(lock) else { return nil }
      defer { unsafe ftrace_ticket_unlock(lock) }
      return body()
    }
  }

  /// Runs `body` with the lock held, without parking: for a few instructions on any thread, also in a callback. A stop does not need
  /// the lock, so a worker may be stopped while it holds it.
  package func withShortLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    acquire()
    defer { release() }
    return try body()
  }

  // MARK: - Across a fork

  /// Takes the lock, to be given back by `release` or `reset`. A worker that calls this is parked already, or holds it shortly.
  package func acquire() { unsafe ftrace_ticket_lock(lock) }

  package func release() { unsafe ftrace_ticket_unlock(lock) }

  /// Makes the lock free, in the child of a fork, by the thread that took it before.
  package func reset() { unsafe ftrace_ticket_reset(lock) }
}
