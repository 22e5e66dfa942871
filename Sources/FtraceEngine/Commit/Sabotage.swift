#if FTRACE_DELAYS
  import CFtraceShims

  /// Faults that are planted to see that the torture finds them. Only in builds with the trait `Delays`.
  public enum Sabotage: String, Sendable, CaseIterable {
    /// One event in some thousands is not counted (planted in the tracer).
    case dropEvent = "drop-event"
    /// A plan leaves out a site, now and then.
    case skipSite = "skip-site"
    /// A change of tracer is not written.
    case staleCallee = "stale-callee"
    /// A stop does not wait for the workers.
    case skipWait = "skip-wait"
    /// What is retired is reclaimed without a look at the stacks.
    case skipScan = "skip-scan"

    /// An append drops its event, and does not count it, now and then.
    case loseEvent = "lose-event"

    /// The part that is planted in stops and appends; 0: none.
    var inShims: UInt32 {
      switch self {
      case .skipWait: UInt32(FTRACE_SABOTAGE_SKIP_WAIT.rawValue)
      case .skipScan: UInt32(FTRACE_SABOTAGE_SKIP_SCAN.rawValue)
      case .loseEvent: UInt32(FTRACE_SABOTAGE_LOSE_EVENT.rawValue)
      case .dropEvent, .skipSite, .staleCallee: 0
      }
    }

    func apply(to plan: inout Plan) {
      switch self {
      case .dropEvent, .skipWait, .skipScan, .loseEvent: break
      case .skipSite:
        // A NOP that should become a call.
        unsafe leaveOut(in: &plan) { unsafe $0.tag < Plan.Tag.firstSpecial && $0.expected_low == SiteBytes.nop.low }
      case .staleCallee:
        unsafe leaveOut(in: &plan) { unsafe $0.tag == Plan.Tag.callerCall }
      }
    }

    /// Makes the first such patch one that changes nothing, and looks as if it had.
    private func leaveOut(in plan: inout Plan, where isVictim: (ftrace_patch) -> Bool) {
      guard let index = unsafe plan.patches.firstIndex(where: isVictim) else { return }
      unsafe plan.patches[index].replacement_low = plan.patches[index].expected_low
      unsafe plan.patches[index].replacement_high = plan.patches[index].expected_high
    }
  }
#endif
