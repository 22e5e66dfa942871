import FtraceTraceBuffer

extension GraphTrace {
  /// Sums over a trace, or over one worker of it. Always: entries + lost entries + open at start = exits + lost exits + unwound + open at end.
  public struct Counts: Sendable, Hashable {
    /// Events that are in the trace.
    public var entries = 0
    public var exits = 0
    /// Events that are missing.
    public var lostEntries = 0
    public var lostExits = 0
    /// Functions that ended without an exit.
    public var unwound = 0
    /// Exits of functions whose entry is not in the trace, and entries of those that had not ended.
    public var openAtStart = 0
    public var openAtEnd = 0

    public init(
      entries: Int = 0, exits: Int = 0, lostEntries: Int = 0, lostExits: Int = 0, unwound: Int = 0,
      openAtStart: Int = 0, openAtEnd: Int = 0
    ) {
      (self.entries, self.exits) = (entries, exits)
      (self.lostEntries, self.lostExits) = (lostEntries, lostExits)
      (self.unwound, self.openAtStart, self.openAtEnd) = (unwound, openAtStart, openAtEnd)
    }

    /// Events of both kinds that are missing.
    public var lost: Int { lostEntries + lostExits }

    /// Whether the identity holds: a trace of which it does not was damaged.
    public var isBalanced: Bool { entries + lostEntries + openAtStart == exits + lostExits + unwound + openAtEnd }

    // Numbers from a file: what many workers lost may not fit.
    static func + (left: Counts, right: Counts) -> Counts {
      Counts(
        entries: left.entries &+ right.entries, exits: left.exits &+ right.exits,
        lostEntries: left.lostEntries &+ right.lostEntries, lostExits: left.lostExits &+ right.lostExits,
        unwound: left.unwound &+ right.unwound, openAtStart: left.openAtStart &+ right.openAtStart,
        openAtEnd: left.openAtEnd &+ right.openAtEnd)
    }
  }

  /// How many events of each kind there are, over all workers. Linear.
  ///
  /// What is lost is known by number alone. Of a gap it is taken that no function began before the trace and ended within the gap while another
  /// that began in it ended without an exit: such two cannot be told from one whose both ends were lost.
  public func counts() -> Counts {
    var sum = Counts()
    var rest = losses
    for index in workers.indices {
      let (counts, known) = account(index)
      sum = sum + counts
      rest = rest - known
    }
    // Losses of workers that have gone: what they leave open is settled with what the streams left open for want of them.
    var others = Counts(
      lostEntries: Int(clamping: rest.entries), lostExits: Int(clamping: rest.exits),
      unwound: Int(clamping: rest.unwoundOverwritten))
    var excess = others.lostEntries - others.lostExits - others.unwound
    if excess > 0 {
      let begun = min(excess, sum.openAtStart)
      sum.openAtStart -= begun
      excess -= begun
      others.unwound += excess
    } else {
      let unwound = min(-excess, sum.unwound)
      sum.unwound -= unwound
      others.openAtStart = -excess - unwound
    }
    return sum + others
  }

  /// The same of one worker: `workers[index]`. Linear in its events.
  public func counts(ofWorker index: Int) -> Counts { account(index).counts }

  /// The sums of a worker, and the losses that are known to be its own.
  private func account(_ index: Int) -> (counts: Counts, losses: EventLosses) {
    var account = WorkerAccount(names: names, isNamed: !names.isEmpty)
    for block in blocks[index] { account.add(block) }
    let known = workers[index].losses
    return (account.settled(known, hasEnded: workers[index].hasEnded), known)
  }
}

/// Adds up the stream of one worker.
private struct WorkerAccount {
  let names: CodeNameIndex
  let isNamed: Bool
  private var counts = GraphTrace.Counts()
  private var open = OpenFunctions<UInt64, Void>()
  /// Whether a gap came since the last resync, and whether one came at all.
  private var isInGap = false
  private var hadGap = false
  private var last: EventBlock?
  private var known: [UInt64: UInt64?] = [:]

  init(names: CodeNameIndex, isNamed: Bool) {
    self.names = names
    self.isNamed = isNamed
  }

  mutating func add(_ block: EventBlock) {
    if let last, !block.follows(last) { gap() }
    // The first blocks were overwritten, or are elsewhere.
    if last == nil, block.header.sequence > 1 || block.header.lostEntries + block.header.lostExits > 0 { gap() }
    last = block
    block.decode { record in play(record, block) }
  }

  private mutating func gap() {
    isInGap = true
    hadGap = true
  }

  private mutating func play(_ record: TraceRecord, _ block: EventBlock) {
    switch record.kind {
    case .entry:
      counts.entries += 1
      open.enter(isNamed ? function(at: UInt64(record.afterSite) - 5, record.epoch) : nil, ())
    case .exit:
      counts.exits += 1
      let (unwound, call) = open.exit(isNamed ? function(at: UInt64(record.afterSite) - 5, record.epoch) : nil)
      // Behind a gap that no resync has closed their exits may have been lost as well.
      close(unwound)
      // Behind a gap its entry may have been lost: that is settled with the losses.
      if call?.value == nil, !(call?.isBehindGap ?? hadGap) { counts.openAtStart += 1 }
    case .unwound:
      let count = Int(clamping: record.count)
      let closed = open.unwind(count)
      counts.unwound += count
      let unknown = count - closed.count { $0.value != nil }
      counts.openAtStart += unknown
    case .resync:
      if record.isAfterPause { gap() }
      let listed = block.words(of: record).reversed().map { address in
        isNamed ? function(at: (address &- 1) & 0xFFFF_FFFF, record.epoch) : nil
      }
      close(open.resync(listed, isCut: record.isCut, isBehindGap: hadGap))
      isInGap = false
    case .loss: gap()
    case .values, .stack: break
    }
  }

  private mutating func close(_ frames: [OpenFunctions<UInt64, Void>.Frame]) {
    // In a gap it may be their exits that were lost: that is settled with the losses.
    if !isInGap { counts.unwound += frames.count { $0.value != nil } }
  }

  /// The beginning of the function at an offset; nil if it has no name.
  private mutating func function(at offset: UInt64, _ epoch: UInt32) -> UInt64? {
    let place = offset | UInt64(epoch) << 32
    if let function = known[place] { return function }
    let function = names.name(at: offset, epoch: epoch)?.start
    known[place] = .some(function)
    return function
  }

  func settled(_ losses: EventLosses, hasEnded: Bool) -> GraphTrace.Counts {
    var counts = counts
    counts.lostEntries = Int(clamping: losses.entries)
    counts.lostExits = Int(clamping: losses.exits)
    counts.unwound += Int(clamping: losses.unwoundOverwritten)
    // The last events of a worker that has ended may have found no room, and the record of its end with them.
    counts.openAtEnd = hasEnded ? 0 : open.frames.count { $0.value != nil }
    // What the gaps leave: calls that began in one and had no exit, if there are more of them, or that began before the stream.
    let excess =
      counts.entries + counts.lostEntries + counts.openAtStart - counts.exits - counts.lostExits - counts.unwound
      - counts.openAtEnd
    if excess > 0 {
      let listed = hasEnded ? 0 : min(excess, open.frames.count { $0.value == nil && $0.isBehindGap })
      counts.openAtEnd += listed
      counts.unwound += excess - listed
    } else {
      counts.openAtStart -= excess
    }
    return counts
  }
}
