import Synchronization

/// A place for what a closure needs and must not own: a host function or a callback that captures a handle of its own runtime would
/// keep that runtime for ever. The test clears it at the end.
package final class Late<Value: Sendable>: Sendable {
  private let held: Mutex<Value?>

  package init(_ value: Value? = nil) { held = Mutex(value) }

  package var value: Value {
    guard let value = held.withLock({ $0 }) else {
      preconditionFailure("used after it was cleared, or before it was set")
    }
    return value
  }

  package func set(_ value: Value) { held.withLock { $0 = value } }

  package func clear() { held.withLock { $0 = nil } }
}
