import CFtraceShims

/// What the calling worker is in the middle of, for hosts that leave emitted code by other means than returns: with longjmp(3), or after a trap
/// that became an error.
///
/// Take one where the host can land, and call ``reached()`` when it has landed there. C code uses `ftrace_landing_note` and
/// `ftrace_landing_reached` of `CFtraceShims` beside its setjmp(3).
@safe public struct Landing: ~Copyable {
  // Safe: a plain value, which only the C functions below look at.
  private var noted = ftrace_landing()

  /// Notes the gates, callbacks and parked scopes that the calling thread is in.
  public init() { unsafe ftrace_landing_note(&noted) }

  /// The frame that took it runs again, and what it had called is gone.
  ///
  /// Gates, callbacks and parked scopes that were left are forgotten, and each stream of this worker's events says which functions are still
  /// open; readers close the others as unwound. They are found by a walk along the frame pointers, which the host's own frames between emitted
  /// ones must keep. On the thread that took it. May wait for a stop to end.
  ///
  /// A signal handler may bring its thread here from emitted code, and not from C code of the package that such code calls: `ftrace_landing_may_leave`
  /// tells which it has interrupted. If that was not kept the process ends, with a message.
  public borrowing func reached() {
    var noted = noted
    unsafe ftrace_landing_reached(&noted)
  }
}

@available(*, unavailable, message: "a landing belongs to its thread")
extension Landing: Sendable {}
