/// Something to run while the world is stopped, before the plan: it sees all counters of emitted code at rest.
///
/// The function must neither allocate, nor take a lock, nor call the Swift runtime.
@safe struct StopObserver {
  // Safe: the owner keeps the context for as long as the observer is set.
  let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
  let context: UnsafeMutableRawPointer?
}
