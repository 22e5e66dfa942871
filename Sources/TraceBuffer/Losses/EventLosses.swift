import CFtraceTraceBuffer

/// Events that are missing in a stream, by cause and by end of their functions.
public struct EventLosses: Sendable, Hashable {
  /// Entries and exits.
  public struct Counts: Sendable, Hashable {
    public var entries: UInt64
    public var exits: UInt64

    public init(entries: UInt64 = 0, exits: UInt64 = 0) {
      self.entries = entries
      self.exits = exits
    }

    public var total: UInt64 { entries &+ exits }

    /// Those of one end.
    public subscript(end: FunctionEnd) -> UInt64 {
      get { end == .entry ? entries : exits }
      set { if end == .entry { entries = newValue } else { exits = newValue } }
    }
  }

  private var counts = [Counts](repeating: Counts(), count: LossCause.allCases.count)
  /// Frames in unwound records that were overwritten: functions that ended, and whose end is not in the stream.
  public var unwoundOverwritten: UInt64 = 0

  /// None.
  public init() {}

  init(_ losses: ftrace_losses) {
    let rows = losses.lost
    for (cause, row) in zip(LossCause.allCases, [rows.0, rows.1, rows.2, rows.3, rows.4, rows.5]) {
      self[cause] = Counts(entries: row.0, exits: row.1)
    }
    unwoundOverwritten = losses.unwound_overwritten
  }

  /// Those of one cause.
  public subscript(cause: LossCause) -> Counts {
    get { counts[Int(cause.rawValue)] }
    set { counts[Int(cause.rawValue)] = newValue }
  }

  /// Those of all causes, which wrap where numbers of a file are wrong.
  public var entries: UInt64 { counts.reduce(0) { $0 &+ $1.entries } }
  public var exits: UInt64 { counts.reduce(0) { $0 &+ $1.exits } }
  public var total: UInt64 { entries &+ exits }

  /// What is in the first and not in the second; 0 where the second has more.
  public static func - (left: EventLosses, right: EventLosses) -> EventLosses {
    left.combined(with: right) { $0 - min($0, $1) }
  }

  /// Of two workers together.
  public static func + (left: EventLosses, right: EventLosses) -> EventLosses {
    left.combined(with: right, by: &+)
  }

  /// The greater number of each: of two accounts of the same losses the later one.
  func union(_ other: EventLosses) -> EventLosses { combined(with: other, by: max) }

  private func combined(with other: EventLosses, by combine: (UInt64, UInt64) -> UInt64) -> EventLosses {
    var result = EventLosses()
    for cause in LossCause.allCases {
      result[cause] = Counts(
        entries: combine(self[cause].entries, other[cause].entries),
        exits: combine(self[cause].exits, other[cause].exits))
    }
    result.unwoundOverwritten = combine(unwoundOverwritten, other.unwoundOverwritten)
    return result
  }
}

/// A worker, and what is missing of its events.
public struct TraceWorker: Sendable, Hashable {
  /// Counts from 1 for each buffer, and is never used twice.
  public var number: UInt32
  /// The kernel's.
  public var threadID: Int32
  public var name: String
  /// False when it has ended, or detached.
  public var isAlive: Bool
  /// Whether it ended while it was recorded: then no function of it is open behind its last event.
  public var hasEnded: Bool
  public var losses: EventLosses

  public init(
    number: UInt32, threadID: Int32, name: String, isAlive: Bool, hasEnded: Bool = false, losses: EventLosses
  ) {
    self.number = number
    self.threadID = threadID
    self.name = name
    self.isAlive = isAlive
    self.hasEnded = hasEnded
    self.losses = losses
  }

  /// One of which no more is known than its events.
  public init(unnamed number: UInt32, threadID: Int32?) {
    self.init(number: number, threadID: threadID ?? 0, name: "<...>", isAlive: false, losses: EventLosses())
  }

  init(_ view: ftrace_worker_view) {
    let name = unsafe withUnsafeBytes(of: view.name) { bytes in
      // Safe: only the tuple's own bytes are read.
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.init(
      number: view.worker, threadID: view.tid, name: name, isAlive: view.alive != 0, hasEnded: view.ended != 0,
      losses: EventLosses(view.losses))
  }
}
