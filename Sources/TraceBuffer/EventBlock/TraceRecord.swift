/// What one record of a stream says. A plain value; the words that follow some records are read from their block.
@frozen public struct TraceRecord: Sendable, Hashable {
  @frozen public enum Kind: UInt8, Sendable, Hashable {
    /// A function began.
    case entry
    /// A function returned.
    case exit
    /// Events are missing here: ``TraceRecord/cause``, ``TraceRecord/lostEnd`` and ``TraceRecord/count`` say why, of which end and how many.
    case loss
    /// The frames that are open now, innermost first: a word for each, an address within its function.
    case resync
    /// Registers as they were at the event before.
    case values
    /// The frames of the worker when a trigger asked for them, innermost first, the function that was entered included: as a resync's.
    case stack
    /// The innermost ``TraceRecord/count`` open functions ended without an exit.
    case unwound
  }

  /// In the units of the buffer's clock; records that have no clock of their own have that of the event before.
  public var clock: UInt64
  /// Entry: the parent's return address in the low 48 bits and the processor above, 0 if it was not recorded. Loss and unwound: a count.
  public var payload: UInt64
  /// Entry and exit: the lower half of the address after the site, which is its offset in the arena plus five. Otherwise the upper half of the
  /// record's word without its kind.
  public var upper: UInt32
  /// Of the code: names are looked up by address and epoch.
  public var epoch: UInt32
  /// Where the words that follow begin, in words from the start of the block.
  public var firstWord: UInt32
  /// How many they are.
  public var wordCount: UInt32
  /// What it says.
  public var kind: Kind

  @inlinable public init(
    kind: Kind, clock: UInt64, upper: UInt32, epoch: UInt32 = 0, payload: UInt64 = 0, firstWord: UInt32 = 0,
    wordCount: UInt32 = 0
  ) {
    self.clock = clock
    self.payload = payload
    self.upper = upper
    self.epoch = epoch
    self.firstWord = firstWord
    self.wordCount = wordCount
    self.kind = kind
  }

  /// Entry, exit: the lower half of the address after the site.
  @inlinable public var afterSite: UInt32 { upper }
  /// Entry: the return address in the caller, nil if it was not recorded.
  @inlinable public var parent: UInt64? { payload == 0 ? nil : payload & 0xFFFF_FFFF_FFFF }
  /// Entry with a parent: the number of the processor, nil if it was not known.
  @inlinable public var processor: Int? { payload >> 48 >= 0xFFFE ? nil : Int(payload >> 48) }
  /// Loss: events. Unwound: frames.
  @inlinable public var count: UInt64 { payload }
  /// Loss: why, nil of a cause that this version does not know.
  @inlinable public var cause: LossCause? { LossCause(rawValue: UInt8(truncatingIfNeeded: upper >> 1)) }
  /// Loss: which end of functions.
  @inlinable public var lostEnd: FunctionEnd { upper & 1 == 0 ? .entry : .exit }
  /// Resync and stack: there were more frames than the record holds.
  @inlinable public var isCut: Bool { upper & 1 != 0 }
  /// Resync: events before it were not recorded, because recording was switched off.
  @inlinable public var isAfterPause: Bool { upper & 2 != 0 }
}

/// Which end of a function an event is of.
@frozen public enum FunctionEnd: UInt8, Sendable, Hashable, CaseIterable { case entry, exit }

/// Why an event is not in a stream.
@frozen public enum LossCause: UInt8, Sendable, Hashable, CaseIterable {
  /// It came from a signal handler that interrupted the recording of another.
  case nested
  /// The worker's ring held only blocks that nobody had read.
  case full
  /// It was recorded, and overwritten before it was read.
  case overwritten
  /// The system refused memory, or space for the file.
  case memory
  /// The blocks of the buffer were all in use.
  case budget
  /// There were more workers at one time than the buffer tells apart.
  case workers
}
