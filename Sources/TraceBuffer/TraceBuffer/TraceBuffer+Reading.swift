import CFtraceTraceBuffer
import FtraceQuiescence

extension TraceBuffer {
  /// Takes the full blocks out of the buffer, and calls `body` with a copy of each: those of each worker in sequence, but for a worker that
  /// overwrites meanwhile, of which a younger one can come first. `BlockHeader.sequence` is the order.
  ///
  /// Blocks that are still open stay. Any thread outside of callbacks; workers go on appending.
  /// - Returns: The number of blocks.
  @discardableResult
  public func consume<Failure: Error>(_ body: (EventBlock) throws(Failure) -> Void) throws(Failure) -> Int {
    try reading.withLock { () throws(Failure) in
      var reader = unsafe BlockReader(buffer)
      defer { reader.finish() }
      while let taken = reader.next() { try body(copy(taken)) }
      return reader.count
    }
  }

  /// The full blocks, taken out of the buffer.
  public func consume() -> [EventBlock] {
    var blocks: [EventBlock] = []
    consume { blocks.append($0) }
    return blocks
  }

  /// Copies everything that can be read, and takes nothing: full blocks, and open ones up to the last event that was complete.
  ///
  /// What a worker overwrites meanwhile is not in the copy. Any thread outside of callbacks.
  public func peek() -> [EventBlock] {
    reading.withLock {
      var blocks: [EventBlock] = []
      for ring in 0..<(unsafe ftrace_buffer_rings(buffer)) {
        var after: UInt64 = 0
        while let block = copy(ring: ring, after: &after, deliver: false) { blocks.append(block) }
      }
      return blocks.filter { !$0.isEmpty }
    }
  }

  /// Takes everything that was recorded up to now out of the buffer; workers go on.
  ///
  /// They are asked to close their open blocks at their next events. The open block of a worker that makes none is copied, and what is in the
  /// copy counts as read. Any thread outside of callbacks.
  public func takeBlocks() -> [EventBlock] {
    reading.withLock {
      unsafe ftrace_buffer_kick(buffer, UInt32(FTRACE_WANT_CLOSE))
      var blocks: [EventBlock] = []
      var reader = unsafe BlockReader(buffer)
      for ring in 0..<(unsafe ftrace_buffer_rings(buffer)) {
        // A worker that fills blocks faster than they are read is not waited for: what it has written since is for the next time.
        for _ in 0..<Int(BlockLayout(configuration).ringBlocks) + 1 {
          while let taken = reader.next(of: ring) { blocks.append(copy(taken)) }
          var after: UInt64 = 0
          var state = UInt32(FTRACE_COPY_NONE)
          let block = copy(ring: ring, after: &after, deliver: true, state: &state)
          if let block { blocks.append(block) }
          if state != UInt32(FTRACE_COPY_CHANGED) { break }
        }
      }
      reader.finish()
      // The rest of a block that was copied before is kept though it be empty: it says that nothing is missing.
      return blocks.filter { !$0.isEmpty || $0.header.isClosed }
    }
  }

  // MARK: - Copies

  /// A copy of a block that was taken.
  func copy(_ taken: ftrace_taken) -> EventBlock {
    // Safe: the block was taken out of its ring, so nobody writes it until it is given back; its head says how far it was written.
    let start = unsafe UnsafePointer<UInt64>(bitPattern: UInt(taken.address)).unsafelyUnwrapped
    let head = unsafe UnsafeRawPointer(start).load(as: ftrace_block_header.self)
    let count = min(Int(head.used), configuration.blockBytes) / 8
    let storage = unsafe [UInt64](UnsafeBufferPointer(start: start, count: count))
    return EventBlock(header: BlockHeader(head), clock: clock, storage: storage, start: Int(taken.start) / 8)
  }

  private func copy(ring: UInt32, after: inout UInt64, deliver: Bool) -> EventBlock? {
    var state: UInt32 = 0
    while true {
      if let block = copy(ring: ring, after: &after, deliver: deliver, state: &state) { return block }
      if state == UInt32(FTRACE_COPY_NONE) { return nil }
    }
  }

  private func copy(ring: UInt32, after: inout UInt64, deliver: Bool, state: inout UInt32) -> EventBlock? {
    var sequence = after == 0 ? 0 : after + 1
    var used: UInt32 = 0
    var start: UInt32 = 0
    let storage = unsafe [UInt64](unsafeUninitializedCapacity: configuration.blockBytes / 8) { words, count in
      // Safe: the room is that of a block.
      state = unsafe ftrace_ring_copy(buffer, ring, words.baseAddress, &sequence, &used, &start, deliver)
      count = state == UInt32(FTRACE_COPY_DONE) ? Int(used) / 8 : 0
    }
    guard state == UInt32(FTRACE_COPY_DONE) else {
      // It has gone, and the next one is what is wanted.
      if state == UInt32(FTRACE_COPY_CHANGED) && !deliver { after = sequence }
      return nil
    }
    after = sequence
    // Safe: a copy has at least its head, which any bytes are.
    let head = unsafe storage.withUnsafeBytes { unsafe $0.load(as: ftrace_block_header.self) }
    return EventBlock(header: BlockHeader(head), clock: clock, storage: storage, start: Int(start) / 8)
  }
}
