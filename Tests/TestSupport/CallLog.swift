import Ftrace
import Synchronization

/// What callbacks were called with, in order.
package final class CallLog: Sendable {
  package struct Entry: Sendable, Hashable {
    package var ops: String
    package var ip: UInt
    package var parentIP: UInt
    package var end = TraceEnd.entry
  }

  private let log = Mutex<[Entry]>([])

  package init() {}

  package var entries: [Entry] { log.withLock { $0 } }

  /// The entries since the last time, which are forgotten.
  package func take() -> [Entry] {
    log.withLock { log in
      defer { log = [] }
      return log
    }
  }

  /// An ops that writes to the log.
  package func ops(_ name: String, filter: TraceFilter = .all, registers: Bool = false, ends: TraceEnds = .entry)
    -> TraceOps
  {
    TraceOps(name: name, filter: filter, registers: registers, ends: ends) { [self] call in
      log.withLock { $0.append(Entry(ops: name, ip: call.ip, parentIP: call.parentIP, end: call.end)) }
    }
  }
}
