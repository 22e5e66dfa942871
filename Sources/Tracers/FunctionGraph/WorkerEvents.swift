import FtraceTraceBuffer

/// The records of one worker, with a look at the one that comes.
struct WorkerEvents {
  private let blocks: [EventBlock]
  private var block = 0
  private var iterator: EventBlock.Iterator?
  /// The record that `next` returns, nil at the end.
  private(set) var coming: TraceRecord?
  /// The block that `coming` is in.
  private(set) var comingBlock: EventBlock?

  init(_ blocks: [EventBlock]) {
    self.blocks = blocks
    advance()
  }

  /// The record that was coming, and its block.
  mutating func next() -> (TraceRecord, EventBlock)? {
    guard let record = coming, let block = comingBlock else { return nil }
    advance()
    return (record, block)
  }

  private mutating func advance() {
    while true {
      if let record = iterator?.next() {
        coming = record
        return
      }
      guard block < blocks.count else {
        (coming, comingBlock) = (nil, nil)
        return
      }
      comingBlock = blocks[block]
      iterator = blocks[block].makeIterator()
      block += 1
    }
  }
}
