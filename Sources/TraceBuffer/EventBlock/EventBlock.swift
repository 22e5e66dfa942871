import CFtraceTraceBuffer

/// A block of one worker's events, copied out of a buffer or a file.
///
/// A sequence of its records. Resync, loss and values records have words of their own: ``words(of:)``.
public struct EventBlock: Sendable {
  /// Its head: whose events these are, and where in their stream.
  public let header: BlockHeader
  /// The clock of its events.
  public let clock: TraceClockKind
  /// The whole block up to the last word that was written, with the head.
  @usableFromInline let storage: [UInt64]
  /// The first word that was not delivered before.
  let start: Int
  /// The same, for those who put blocks in order: a block that was copied while it was open is followed by the rest of itself.
  public var startWord: Int { start }

  /// - Parameters:
  ///   - storage: at least the eight words of the head.
  ///   - start: words that were delivered before, with the head.
  package init(header: BlockHeader, clock: TraceClockKind, storage: [UInt64], start: Int = 8) {
    self.header = header
    self.clock = clock
    self.storage = storage
    self.start = start
  }

  /// A block of words as a tracer writes them, for tests and tools.
  public init(header: BlockHeader, clock: TraceClockKind, words: [UInt64]) {
    self.init(header: header, clock: clock, storage: [UInt64](repeating: 0, count: 8) + words)
  }

  /// Whether nothing is missing between a block and this one, of the same worker: what was open at its end is open here.
  ///
  /// A block that was copied while it was open is followed by the rest of itself.
  public func follows(_ block: EventBlock) -> Bool {
    guard header.worker == block.header.worker else { return false }
    if header.sequence == block.header.sequence { return start == block.storage.count }
    return header.sequence == block.header.sequence + 1 && block.header.isClosed && start == 8
  }

  /// Whether it has no words.
  public var isEmpty: Bool { start >= storage.count }

  /// The words that follow a record of this block: frames, values. Empty for other records.
  public func words(of record: TraceRecord) -> ArraySlice<UInt64> {
    storage[Int(record.firstWord)..<Int(record.firstWord + record.wordCount)]
  }

  /// A decoder at the first record.
  public func decoder() -> BlockDecoder {
    guard start > 8 else { return BlockDecoder(header, end: storage.count, clock: clock) }
    // The words before were delivered already; of them the clock and the epoch alone matter.
    var header = header
    var passed = BlockDecoder(header, end: start, clock: clock)
    unsafe storage.withUnsafeBufferPointer { words in
      guard let words = words.baseAddress else { return }
      // Safe: the array has at least `start` words.
      while let record = unsafe passed.next(words) { header.clock = record.clock }
    }
    header.clock = passed.high | header.clock & 0xFFFF_FFFF
    header.epoch = passed.epoch
    return BlockDecoder(header, from: start, end: storage.count, clock: clock)
  }

  /// Calls `body` with each record, in order: the quickest way to read a block.
  /// - Returns: The word, counted from the start of the block, at which it stops making sense; nil if all was read.
  @discardableResult
  @inlinable public func decode<Failure: Error>(
    _ body: (TraceRecord) throws(Failure) -> Void
  ) throws(Failure) -> Int? {
    var decoder = decoder()
    let storage = storage
    // Safe: the array lives, and is not written, until the end of the scope, and the decoder ends with it.
    let result = unsafe storage.withUnsafeBufferPointer { words in
      Swift.Result { () throws(Failure) in
        guard let words = words.baseAddress else { return }
        while let record = unsafe decoder.next(words) { try body(record) }
      }
    }
    try result.get()
    return decoder.damage
  }
}

extension EventBlock: Sequence {
  public struct Iterator: IteratorProtocol, Sendable {
    private let storage: [UInt64]
    private var decoder: BlockDecoder

    init(_ block: EventBlock) {
      storage = block.storage
      decoder = block.decoder()
    }

    public mutating func next() -> TraceRecord? {
      var decoder = decoder
      defer { self.decoder = decoder }
      return unsafe storage.withUnsafeBufferPointer { words in
        // Safe: the array is kept, and the decoder ends with it.
        unsafe words.baseAddress.flatMap { unsafe decoder.next($0) }
      }
    }
  }

  public func makeIterator() -> Iterator { Iterator(self) }
}
