import Ftrace
import FtraceTraceBuffer

/// What a trace has, worker by worker of a torture: threads that followed one another in one place of the books are one worker.
struct TortureTrace {
  private let trace: GraphTrace
  private var accounts: [String: EventAccount] = [:]
  /// Losses that are nobody's: of workers that the buffer had no room for, or has forgotten.
  private var others: EventLosses
  /// Events of a thread that the trace does not name.
  private var isAnonymous = false
  private(set) var isDamaged = false
  private(set) var events = 0
  var losses: EventLosses { trace.losses }

  /// - Parameter names: of the workers of the torture; the rest is nobody's.
  init(_ contents: TraceSnapshot, workers names: [String]) {
    trace = GraphTrace(contents)
    others = contents.losses
    let names = Set(names)
    for index in trace.workers.indices {
      let worker = trace.workers[index]
      let counts = trace.counts(ofWorker: index)
      others = others - losses(ofWorker: index)
      isAnonymous = isAnonymous || !names.contains(worker.name)
      accounts[worker.name, default: EventAccount()].add(counts)
      events += counts.entries + counts.exits
      for block in trace.blocks[index] { add(block, worker.name) }
    }
    // Those that have lost all that they had.
    let seen = Set(trace.workers.map(\.number))
    for worker in contents.workers where !seen.contains(worker.number) && worker.losses.total > 0 {
      others = others - worker.losses
      isAnonymous = isAnonymous || !names.contains(worker.name)
      accounts[worker.name, default: EventAccount()].addLosses(worker.losses)
    }
  }

  private mutating func add(_ block: EventBlock, _ name: String) {
    var account = accounts[name] ?? EventAccount()
    let damage = block.decode { record in
      switch record.kind {
      case .entry: account.entries[UInt(record.afterSite) - 5, default: 0] += 1
      case .exit: account.exits[UInt(record.afterSite) - 5, default: 0] += 1
      default: break
      }
    }
    if damage != nil { isDamaged = true }
    accounts[name] = account
  }

  /// Those that its row and its records tell.
  private func losses(ofWorker index: Int) -> EventLosses {
    var recorded = EventLosses()
    for block in trace.blocks[index] {
      block.decode { record in
        guard record.kind == .loss, let cause = record.cause else { return }
        if record.lostEnd == .entry {
          recorded[cause].entries += record.count
        } else {
          recorded[cause].exits += record.count
        }
      }
    }
    var known = trace.workers[index].losses
    for cause in LossCause.allCases {
      known[cause].entries = max(known[cause].entries, recorded[cause].entries)
      known[cause].exits = max(known[cause].exits, recorded[cause].exits)
    }
    return known
  }

  /// What does not agree, with the worker before it.
  ///
  /// Where losses are nobody's they are settled over all workers alone; and each has at most its dues.
  func discrepancies(
    _ dues: [EventDues], _ ends: TraceEnds, followsCalls: Bool, names: [String]
  ) -> [String] {
    var found: [String] = []
    if !isAnonymous, others.total == 0, others.unwoundOverwritten == 0 {
      for (worker, due) in dues.enumerated() {
        for discrepancy in due.discrepancies(
          accounts[names[worker]] ?? EventAccount(), ends, followsCalls: followsCalls)
        {
          found.append("worker \(worker): \(discrepancy)")
        }
      }
    } else if !isAnonymous {
      for (worker, due) in dues.enumerated() {
        let counts = (accounts[names[worker]] ?? EventAccount()).counts
        for (what, most, has) in [
          ("entries", due.entrySum, counts.entries + counts.lostEntries),
          ("exits", due.exitSum, counts.exits + counts.lostExits),
        ] where has > most {
          found.append("worker \(worker): \(what) + lost \(what), at most: expected \(most), found \(has)")
        }
      }
    }
    // Nothing is missing of all, if nothing is lost: but for the places, that is what the workers have said.
    var all = EventAccount()
    all.add(trace.counts())
    let sum = dues.reduce(EventDues(), +)
    for discrepancy in sum.discrepancies(all, ends, followsCalls: followsCalls, withPlaces: false) {
      found.append("all workers: \(discrepancy)")
    }
    return found
  }
}

extension EventAccount {
  /// Of a worker without a stream.
  fileprivate mutating func addLosses(_ losses: EventLosses) {
    var counts = GraphTrace.Counts()
    (counts.lostEntries, counts.lostExits) = (Int(clamping: losses.entries), Int(clamping: losses.exits))
    counts.unwound = Int(clamping: losses.unwoundOverwritten)
    // Nothing but numbers is known of its calls.
    let excess = counts.lostEntries - counts.lostExits - counts.unwound
    if excess > 0 { counts.openAtEnd = excess } else { counts.openAtStart = -excess }
    add(counts)
  }
}
