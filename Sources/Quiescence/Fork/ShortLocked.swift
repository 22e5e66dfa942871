/// A value behind a lock that is held for a few instructions at a time, on any thread, and that survives fork(2).
///
/// `Mutex` of the standard library does not: its word holds the owner's thread id, which the child of a fork does not have.
// Unchecked: the value is touched with the lock held alone.
package final class ShortLocked<Value>: @unchecked Sendable {
  private var value: Value
  package let lock = FairLock()

  package init(_ value: sending Value) { self.value = value }

  /// Runs `body` with the lock held. It must neither wait nor ask for a stop.
  package func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try lock.withShortLock { () throws(Failure) -> Result in try body(&value) }
  }

  /// The value, for a thread that holds the lock across a fork.
  package var unlocked: Value { value }

  /// The same, to be changed.
  package func change(_ body: (inout Value) -> Void) { body(&value) }
}
