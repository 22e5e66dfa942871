import FtraceQuiescence

/// A value that is reached only with its lock held. Waiting for the lock, and the work under it, are parked.
// Unchecked: the value is touched in `withLock` alone, by one thread at a time.
final class Guarded<Value>: @unchecked Sendable {
  private var value: Value
  let lock = FairLock()

  init(_ value: sending Value) { self.value = value }

  func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try lock.withLock { () throws(Failure) -> Result in try body(&value) }
  }

  /// Runs `body` if nobody holds the lock, this thread included.
  func withLockIfFree(_ body: (inout Value) -> Void) {
    _ = lock.withLockIfFree { body(&value) }
  }

  /// The value, for a thread that holds the lock across a fork.
  var unlocked: Value { value }
}
