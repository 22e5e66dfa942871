import CFtraceTraceBuffer

/// Makes the blocks of a file that are not events.
enum BlockEncoder {
  static func header(kind: UInt32, used: Int, sequence: UInt64, start: UInt64 = 0) -> ftrace_block_header {
    ftrace_block_header(
      magic: UInt32(FTRACE_BLOCK_MAGIC), kind: kind, worker: 0, used: UInt32(used), sequence: sequence, clock: 0,
      epoch: 0, tid: 0, lost: (0, 0), start: start)
  }

  /// The words of a name, and behind a zero byte its signature; what is longer than half a block is cut.
  static func record(_ name: CodeName, blockBytes: Int) -> [UInt64] {
    // A zero byte ends each of the two.
    let text = name.name.utf8.filter { $0 != 0 } + (name.signature.isEmpty ? [] : [0] + name.signature.utf8)
    let bytes = Array(text.prefix(blockBytes / 2))
    var words = [UInt64](repeating: 0, count: 3 + (bytes.count + 7) / 8)
    words[0] = UInt64(words.count * 8) | UInt64(name.epoch) << 32
    words[1] = name.start
    words[2] = name.size
    for (index, byte) in bytes.enumerated() { words[3 + index / 8] |= UInt64(byte) << (index % 8 * 8) }
    return words
  }

  /// Whole blocks that hold records one after the other; none is split.
  static func blocks(kind: UInt32, records: [[UInt64]], blockBytes: Int, start: UInt64 = 0) -> [[UInt64]] {
    var blocks: [[UInt64]] = []
    var words: [UInt64] = []
    func close() {
      let used = Int(FTRACE_BLOCK_HEADER_BYTES) + words.count * 8
      var block = Self.words(of: header(kind: kind, used: used, sequence: UInt64(blocks.count), start: start)) + words
      block += [UInt64](repeating: 0, count: blockBytes / 8 - block.count)
      blocks.append(block)
      words = []
    }
    for record in records {
      if Int(FTRACE_BLOCK_HEADER_BYTES) + (words.count + record.count) * 8 > blockBytes { close() }
      words += record
    }
    if !words.isEmpty { close() }
    return blocks
  }

  /// The row of a worker.
  static func row(_ worker: TraceWorker) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: 16)
    words[0] = UInt64(worker.number) | UInt64(UInt32(bitPattern: worker.threadID)) << 32
    for (index, byte) in worker.name.utf8.prefix(15).enumerated() {
      words[1 + index / 8] |= UInt64(byte) << (index % 8 * 8)
    }
    if worker.hasEnded { words[2] |= 1 << 56 }
    for cause in LossCause.allCases {
      words[3 + 2 * Int(cause.rawValue)] = worker.losses[cause].entries
      words[4 + 2 * Int(cause.rawValue)] = worker.losses[cause].exits
    }
    words[15] = worker.losses.unwoundOverwritten
    return words
  }

  /// A block of events as it is in a file.
  static func block(_ block: EventBlock, blockBytes: Int) -> [UInt64] {
    let header = block.header.encoded(used: block.storage.count * 8, start: block.start * 8)
    let words = words(of: header) + block.storage.dropFirst(8)
    return words + [UInt64](repeating: 0, count: max(0, blockBytes / 8 - words.count))
  }

  /// The bytes of a value as words.
  static func words<Value: BitwiseCopyable>(of value: Value) -> [UInt64] {
    // Safe: the value's own bytes are copied, and it is a multiple of words.
    unsafe withUnsafeBytes(of: value) { unsafe Array($0.bindMemory(to: UInt64.self)) }
  }
}
