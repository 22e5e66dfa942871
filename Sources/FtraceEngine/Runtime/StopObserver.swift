/// Something to run while the world is stopped, before the plan: it sees all counters of emitted code at rest.
///
/// The function must neither allocate, nor take a lock, nor call the Swift runtime.
@safe struct StopObserver {
  // Safe: the owner keeps the context for as long as the observer is set.
  let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
  let context: UnsafeMutableRawPointer?
}

extension TraceRuntime {
  /// Runs a function in every stop of this runtime, before its plan; nil: none. See `StopObserver` for what it may do.
  package func observeStops(
    _ function: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ context: UnsafeMutableRawPointer?
  ) {
    read { $0.observer = unsafe function.map { unsafe StopObserver(function: $0, context: context) } }
  }

  /// One stop that writes nothing.
  package func stopOnce() throws(FtraceError) {
    try withState { (state) throws(FtraceError) in
      var plan = Plan()
      _ = try state.run(&plan)
    }
  }

  /// The slot of this runtime in the thread block.
  package var slotIndex: UInt32 { read { $0.slot.index } }

  #if FTRACE_DELAYS
    /// Plants a fault in every plan from now on; nil: none.
    package func sabotage(_ sabotage: Sabotage?) { read { $0.sabotage = sabotage } }
  #endif
}
