#if FTRACE_DELAYS
  import CFtraceShims
#endif

/// Something to run while the world is stopped, before the plan: it sees all counters of emitted code at rest.
///
/// The function must neither allocate, nor take a lock, nor call the Swift runtime.
@safe struct StopObserver {
  typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Void

  // Safe: the owner keeps the context for as long as the observer is set.
  let any: Function
  let boundary: Function
  let context: UnsafeMutableRawPointer?
  /// Whether the next stop changes which calls are traced.
  var isAtBoundary = false

  /// What the next stop runs.
  var function: Function { unsafe isAtBoundary ? boundary : any }
}

extension TraceRuntime {
  /// Runs a function in every stop of this runtime, before its plan; nil: none. See `StopObserver` for what it may do.
  /// - Parameters:
  ///   - function: what to run.
  ///   - boundary: what to run in place of it in a stop that changes which calls are traced, and in `stopOnce`; nil: the same.
  ///   - context: handed to both.
  package func observeStops(
    _ function: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
    boundary: (@convention(c) (UnsafeMutableRawPointer?) -> Void)? = nil, _ context: UnsafeMutableRawPointer?
  ) {
    read {
      $0.observer = unsafe function.map {
        unsafe StopObserver(any: $0, boundary: boundary ?? $0, context: context)
      }
    }
  }

  /// One stop that writes nothing.
  package func stopOnce() throws(FtraceError) {
    try withState { (state) throws(FtraceError) in
      state.observer?.isAtBoundary = true
      defer { state.observer?.isAtBoundary = false }
      var plan = Plan()
      _ = try state.run(&plan)
    }
  }

  /// Records of exit sites, of functions that are there and of bodies that calls are in.
  package var exitRecords: Int { read { $0.tables.exits.used } }

  /// The slot of this runtime in the thread block.
  package var slotIndex: UInt32 { read { $0.slot.index } }

  #if FTRACE_DELAYS
    /// Plants a fault in every plan, or in every stop or append of the process, from now on; nil: none.
    package func sabotage(_ sabotage: Sabotage?) {
      read { $0.sabotage = sabotage }
      ftrace_sabotage(sabotage?.inShims ?? 0)
    }
  #endif
}
