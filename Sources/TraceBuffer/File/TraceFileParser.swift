import CFtraceTraceBuffer

/// Makes a snapshot of the blocks of a file, one after the other, and trusts none of their numbers.
struct TraceFileParser {
  private(set) var snapshot: TraceSnapshot
  private(set) var damage: TraceFileDamage?
  /// Blocks that do not make sense to their end.
  private(set) var damagedBlocks = 0
  private(set) var isRing: Bool
  private(set) var wasEnded = false
  private var samples: [Calibration.Sample] = []
  private var workers: [UInt32: TraceWorker] = [:]
  /// What the records in the blocks of each worker say that it lost: of a process that was killed it may be all that is known.
  private var recorded: [UInt32: EventLosses] = [:]
  private static let headWords = Int(FTRACE_BLOCK_HEADER_BYTES) / 8
  /// More than a process can lose: then it is damage, and sums of what is less do not overflow.
  private static let lossLimit = UInt64(1) << 44

  /// - Parameter head: the first bytes of the file, as many as there are of `ftrace_file_header`.
  /// - Throws: why it is not a trace.
  init(head: [UInt8]) throws(TraceFileParser.NotATrace) {
    guard head.count >= MemoryLayout<ftrace_file_header>.size else { throw NotATrace("it is too short") }
    // Safe: there are as many bytes, and any are a value of this type.
    let header = unsafe head.withUnsafeBytes { unsafe $0.loadUnaligned(as: ftrace_file_header.self) }
    guard header.block.magic == UInt32(FTRACE_BLOCK_MAGIC), header.block.kind == UInt32(FTRACE_BLOCK_FILE) else {
      throw NotATrace("it does not begin with a trace's head")
    }
    guard header.version == UInt32(FTRACE_FILE_VERSION) else {
      throw NotATrace("its version is \(header.version), and this reads version \(FTRACE_FILE_VERSION)")
    }
    let bytes = Int(header.block_bytes)
    guard bytes.nonzeroBitCount == 1, (Int(FTRACE_BLOCK_MINIMUM)...Int(FTRACE_BLOCK_MAXIMUM)).contains(bytes) else {
      throw NotATrace("its blocks have \(bytes) bytes")
    }
    guard let clock = TraceClockKind(rawValue: header.clock) else {
      throw NotATrace("its clock has the number \(header.clock)")
    }
    // The halves of addresses are put together with its lower bound.
    guard header.arena_base & 0xFFFF_FFFF == 0, max(header.arena_base, header.code_end) >> 47 == 0 else {
      throw NotATrace("its code begins at 0x\(String(header.arena_base, radix: 16))")
    }
    isRing = header.pool_blocks > 0
    // Safe: only the tuple's own bytes are read.
    let tracer = unsafe withUnsafeBytes(of: header.tracer) { name in
      unsafe String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }
    snapshot = TraceSnapshot(
      tracer: tracer, process: Int32(bitPattern: header.process), realtime: header.realtime,
      code: header.arena_base..<max(header.arena_base, header.code_end), blockBytes: bytes,
      calibration: Calibration(clock: clock), blocks: [], workers: [], names: [], losses: EventLosses())
    samples.append(Calibration.Sample(counter: header.counter, nanoseconds: header.nanoseconds))
  }

  struct NotATrace: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// Whether what follows cannot be read. Blocks of a ring have their places, and one that is damaged says nothing of the others; in a stream
  /// what follows damage may be anything.
  var isAtEnd: Bool {
    guard let damage else { return false }
    if case .unreadable = damage.reason { return true }
    return !isRing
  }

  /// Reads a block. Nothing is read after damage to a stream.
  /// - Parameters:
  ///   - words: of the block; fewer if the file ends in it.
  ///   - rest: bytes behind the last whole word.
  mutating func add(_ words: [UInt64], rest: Int = 0, at offset: Int) {
    guard !isAtEnd else { return }
    guard words.count >= Self.headWords else {
      // A ring's file may end anywhere where there was no block.
      if words.contains(where: { $0 != 0 }) || rest > 0 || !isRing { fail(offset, .cutOff) }
      return
    }
    // Safe: there are as many bytes, and any are a value of this type.
    let head = unsafe words.withUnsafeBytes { unsafe $0.loadUnaligned(as: ftrace_block_header.self) }
    // In a ring: free, or never used.
    if isRing && head.magic == 0 { return }
    guard head.magic == UInt32(FTRACE_BLOCK_MAGIC) else { return fail(offset, .badHead("mark")) }
    let isOpen = head.used == 0
    guard isOpen || (head.used >= 64 && Int(head.used) <= snapshot.blockBytes && head.used % 8 == 0) else {
      return fail(offset, .badHead("length"))
    }
    let wanted = isOpen ? snapshot.blockBytes / 8 : Int(head.used) / 8
    let body = Array(words.prefix(wanted))
    // Of a block that is not whole all that is there is read, and that its last record is cut is not another damage.
    defer {
      if words.count * 8 < snapshot.blockBytes {
        if !isRing || damage == nil {
          damage = TraceFileDamage(offset: offset + words.count * 8 + rest, reason: .cutOff)
        }
      }
    }
    switch Int(head.kind) {
    case Int(FTRACE_BLOCK_EVENTS): addEvents(head, body, offset)
    case Int(FTRACE_BLOCK_WORKERS): addWorkers(body, head, offset)
    case Int(FTRACE_BLOCK_NAMES): addNames(body, offset)
    case Int(FTRACE_BLOCK_CALIBRATION): addSamples(body)
    default: return fail(offset, .badHead("kind"))
    }
  }

  mutating func fail(_ offset: Int, _ reason: TraceFileDamage.Reason) {
    damagedBlocks += 1
    if damage == nil { damage = TraceFileDamage(offset: offset, reason: reason) }
  }

  // MARK: - Kinds

  private mutating func addEvents(_ head: ftrace_block_header, _ words: [UInt64], _ offset: Int) {
    guard head.worker != 0, head.worker != UInt32.max else { return fail(offset, .badHead("worker")) }
    guard head.sequence != 0 else { return fail(offset, .badHead("sequence")) }
    guard head.start == 0 || (head.start >= 64 && head.start % 8 == 0 && head.start <= UInt64(snapshot.blockBytes))
    else {
      return fail(offset, .badHead("start"))
    }
    guard head.lost.0 < Self.lossLimit, head.lost.1 < Self.lossLimit else { return fail(offset, .badHead("losses")) }
    let (end, whole) = check(words, head)
    if !whole && head.used != 0 && end < words.count { fail(offset + end * 8, .badRecord) }
    snapshot.blocks.append(
      EventBlock(
        header: BlockHeader(head), clock: snapshot.clock, storage: Array(words[..<end]),
        start: min(max(Int(head.start) / 8, Self.headWords), end)))
  }

  /// How far the words make sense, and whether they do so to their end. An open block ends at its first word that was not written.
  private mutating func check(_ words: [UInt64], _ head: ftrace_block_header) -> (end: Int, whole: Bool) {
    let isOpen = head.used == 0
    var index = Self.headWords
    while index < words.count {
      let upper = UInt32(truncatingIfNeeded: words[index] >> 32)
      if upper == 0 && isOpen { return (index, true) }
      let follow = Int(words[index] & 0xFFFF_FFFF)
      var next = index + 1
      let kind = Int(upper & 15)
      switch kind {
      case FTRACE_WORD_ENTRY_WITH_PARENT: next += 1
      case FTRACE_WORD_LOSS where follow == 0, FTRACE_WORD_STACK where follow == 0: return (index, false)
      case FTRACE_WORD_EPOCH where upper >> 4 != 0: return (index, false)
      case FTRACE_WORD_LOSS, FTRACE_WORD_RESYNC, FTRACE_WORD_VALUES, FTRACE_WORD_STACK: next += follow
      default: break
      }
      if next > words.count { return (index, false) }
      if kind == FTRACE_WORD_LOSS {
        guard words[index + 1] < Self.lossLimit else { return (index, false) }
        // What is before the start was delivered by the block before.
        if index >= Int(head.start / 8) {
          note(TraceRecord(kind: .loss, clock: 0, upper: upper >> 4, payload: words[index + 1]), of: head.worker)
        }
      }
      index = next
    }
    return (index, true)
  }

  private mutating func note(_ loss: TraceRecord, of worker: UInt32) {
    guard let cause = loss.cause else { return }
    recorded[worker, default: EventLosses()][cause][loss.lostEnd] &+= loss.count
  }

  private mutating func addWorkers(_ words: [UInt64], _ head: ftrace_block_header, _ offset: Int) {
    if head.start == 1 { wasEnded = true }
    var index = Self.headWords
    while index + 16 <= words.count {
      let row = words[index..<index + 16]
      index += 16
      let number = UInt32(truncatingIfNeeded: row[row.startIndex])
      guard number != 0 else { continue }
      guard row.dropFirst(3).allSatisfy({ $0 < Self.lossLimit }) else {
        return fail(offset + row.startIndex * 8, .badRecord)
      }
      var losses = EventLosses()
      for cause in LossCause.allCases {
        let at = row.startIndex + 3 + 2 * Int(cause.rawValue)
        losses[cause] = EventLosses.Counts(entries: row[at], exits: row[at + 1])
      }
      losses.unwoundOverwritten = row[row.startIndex + 15]
      let name = (8..<23).map { UInt8(truncatingIfNeeded: row[row.startIndex + $0 / 8] >> ($0 % 8 * 8)) }
      // A later row of a worker has its later losses.
      workers[number] = TraceWorker(
        number: number, threadID: Int32(truncatingIfNeeded: row[row.startIndex] >> 32),
        name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self), isAlive: false,
        hasEnded: row[row.startIndex + 2] >> 56 & 1 != 0, losses: losses)
    }
  }

  private mutating func addNames(_ words: [UInt64], _ offset: Int) {
    var index = Self.headWords
    while index + 3 <= words.count, words[index] != 0 {
      let count = Int(words[index] & 0xFFFF_FFFF) / 8
      guard count >= 3, words[index] % 8 == 0, index + count <= words.count else {
        return fail(offset + index * 8, .badRecord)
      }
      let bytes = (24..<count * 8).map { UInt8(truncatingIfNeeded: words[index + $0 / 8] >> ($0 % 8 * 8)) }
      let texts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      snapshot.names.append(
        CodeName(
          start: words[index + 1], size: words[index + 2], epoch: UInt32(words[index] >> 32),
          name: String(decoding: texts[0], as: UTF8.self),
          signature: texts.count > 1 ? String(decoding: texts[1].prefix { $0 != 0 }, as: UTF8.self) : ""))
      index += count
    }
  }

  private mutating func addSamples(_ words: [UInt64]) {
    var index = Self.headWords
    while index + 2 <= words.count {
      if words[index] != 0 {
        samples.append(Calibration.Sample(counter: words[index], nanoseconds: words[index + 1]))
      }
      index += 2
    }
  }

  /// Everything that was read.
  consuming func finish() -> TraceSnapshot {
    samples.sort { $0.counter < $1.counter }
    snapshot.calibration = Calibration(clock: snapshot.clock, samples: samples)
    for (number, losses) in recorded {
      let threadID = snapshot.blocks.first { $0.header.worker == number }?.header.threadID
      var worker = workers[number] ?? TraceWorker(unnamed: number, threadID: threadID)
      let known = worker.losses.union(losses)
      // The last row is of those whose losses are not in a row of their own.
      if let others = workers[.max]?.losses { workers[.max]?.losses = others - (known - worker.losses) }
      worker.losses = known
      workers[number] = worker
    }
    snapshot.losses = workers.values.reduce(EventLosses()) { $0 + $1.losses }
    snapshot.workers = workers.values.filter { $0.number != .max }.sorted { $0.number < $1.number }
    snapshot.sort()
    return snapshot
  }
}
