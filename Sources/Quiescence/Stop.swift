import CFtraceShims
import FtracePlatform

/// What a stop did, and what it cost.
public struct StopReport: Equatable, Sendable {
  /// Number of the stop in this process.
  public var generation: UInt64
  /// From arming until every worker had arrived.
  public var timeToStop: Duration
  /// From then until the release.
  public var timeStopped: Duration
  /// Instructions replaced.
  public var sitesWritten: Int
  /// Entries of the plan.
  public var batchSize: Int
  /// Registered threads.
  public var workers: Int
  /// Workers that were in emitted code when the stop began.
  public var waitedFor: Int
  /// Kernel thread id of the last worker to arrive, nil if none was waited for.
  public var lastWorker: Int32?
  /// Stop signals sent, to workers that had not arrived after the grace time.
  public var signals: Int
  /// The name of `lastWorker`, as ``LateWorker/name``.
  public var lastWorkerName: String?
}

extension Quiescence {
  /// The time a stop may take to gather its workers, unless a runtime says otherwise.
  public static let defaultDeadline: Duration = .seconds(1)

  /// How long a stopper spins before it sleeps: a polling worker answers within some microseconds.
  static let spin: Duration = .microseconds(50)

  /// How long workers have to arrive by themselves before they are sent the stop signal, unless a runtime says otherwise.
  public static let defaultGrace: Duration = .milliseconds(1)

  /// Stops every worker of the process, applies `plan`, scans for `scan`, and releases the workers.
  ///
  /// The calling worker counts as stopped with frames. Requests are served in order.
  /// - Parameters:
  ///   - plan: what to write; its results are filled in. Nothing is written unless every worker has arrived.
  ///   - scan: retired ranges to look for on the stopped stacks.
  ///   - grace: after this time workers that have not arrived are stopped by signal; nil: they are waited for.
  ///   - observe: called while stopped, before the plan. It must not allocate, lock or call the Swift runtime.
  /// - Throws: `.timedOut`, `.insideCallback`, `.insideSignalHandler`, `.membarrierRefused` or `.pagesRefused`, and no code was changed;
  ///   `.codeLost`, and all of the plan was written.
  package static func stop(
    plan: UnsafeMutablePointer<ftrace_plan>? = nil,
    scan: UnsafeMutablePointer<ftrace_scan>? = nil,
    deadline: Duration = defaultDeadline,
    grace: Duration? = defaultGrace,
    observe: (@convention(c) (UnsafeMutableRawPointer?) -> Void)? = nil,
    observeContext: UnsafeMutableRawPointer? = nil
  ) throws(QuiesceError) -> StopReport {
    prepare()
    try refuseIfInside()
    var request = unsafe ftrace_stop()
    unsafe request.deadline_ns = max(1, deadline.wholeNanoseconds)
    unsafe request.spin_ns = spin.wholeNanoseconds
    // Without a handler the signal would end the process.
    unsafe request.grace_ns = stopSignal == 0 ? .max : grace.map(\.wholeNanoseconds) ?? .max
    unsafe request.plan = plan
    unsafe request.scan = scan
    unsafe request.observe = observe
    unsafe request.observe_context = observeContext
    let last = stopLock.withLock {
      // Within this call no Swift code runs: a worker may be frozen while it holds any lock of the runtime.
      unsafe ftrace_stop_run(&request)
      return unsafe record(request, of: plan)
    }
    switch unsafe request.status {
    case FTRACE_STOP_DONE.rawValue: break
    case FTRACE_STOP_REFUSED.rawValue: throw unsafe .pagesRefused(errno: request.error)
    case FTRACE_STOP_UNFENCED.rawValue: throw unsafe .membarrierRefused(errno: request.error)
    case FTRACE_STOP_LOST.rawValue: throw unsafe .codeLost(errno: request.error)
    default:
      let late = unsafe lateWorkers(&request)
      throw unsafe .timedOut(
        late: late, others: Int(request.late_count) - late.count, after: .nanoseconds(request.time_to_stop_ns))
    }
    return unsafe StopReport(
      generation: request.generation,
      timeToStop: .nanoseconds(request.time_to_stop_ns),
      timeStopped: .nanoseconds(request.time_stopped_ns),
      sitesWritten: plan.map { unsafe $0.pointee.written } ?? 0,
      batchSize: plan.map { unsafe $0.pointee.patch_count } ?? 0,
      workers: Int(request.workers),
      waitedFor: Int(request.waited_for),
      lastWorker: request.last_tid == 0 ? nil : request.last_tid,
      signals: Int(request.signals),
      lastWorkerName: request.last_tid == 0 ? nil : last.text)
  }

  private static func lateWorkers(_ request: inout ftrace_stop) -> [LateWorker] {
    let count = unsafe min(Int(request.late_count), FTRACE_STOP_LATE_MAX)
    // Safe: the array is a member of `request`, imported as a tuple of `FTRACE_STOP_LATE_MAX` elements.
    return unsafe withUnsafeMutablePointer(to: &request.late) { tuple in
      unsafe tuple.withMemoryRebound(to: ftrace_late_worker.self, capacity: count) { late in
        (0..<count).map { index in
          unsafe LateWorker(
            name: name(of: &late[index]), threadID: late[index].tid, depth: Int(late[index].depth),
            whereabouts: whereabouts(of: late[index]),
            address: late[index].pc == 0 ? nil : UInt(late[index].pc))
        }
      }
    }
  }

  private static func name(of late: inout ftrace_late_worker) -> String {
    // Safe: the C side ends every name with a zero byte.
    unsafe withUnsafePointer(to: &late.name) { tuple in
      unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 16) { unsafe String(cString: $0) }
    }
  }

  private static func whereabouts(of late: ftrace_late_worker) -> String {
    switch late.system_call {
    case Int64(FTRACE_LATE_RUNNING.rawValue): "running"
    case Int64(FTRACE_LATE_BLOCKED.rawValue): "blocked at 0x" + String(late.system_pc, radix: 16)
    case 0...: "in system call \(late.system_call) at 0x" + String(late.system_pc, radix: 16)
    default: "nobody knows where, for /proc cannot be read"
    }
  }
}
