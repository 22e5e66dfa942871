import FtraceTraceBuffer

/// A record of a worker, with what belongs to it.
struct WorkerEvent {
  var record: TraceRecord
  /// Index of its block among the worker's.
  var block: Int
  /// Of an entry the arguments, of an exit the result, if they were recorded.
  var values: ArraySlice<UInt64> = []
}

/// The records of one worker, with a look at the one that comes.
struct WorkerEvents {
  let blocks: [EventBlock]
  private var block = -1
  private var iterator: EventBlock.Iterator?
  /// A record that was read to see whether it is the values of the one before.
  private var read: TraceRecord?
  /// What `next` returns, nil at the end.
  private(set) var coming: WorkerEvent?

  init(_ blocks: [EventBlock]) {
    self.blocks = blocks
    advance()
  }

  /// The record that was coming.
  mutating func next() -> WorkerEvent? {
    guard let event = coming else { return nil }
    advance()
    return event
  }

  private mutating func advance() {
    coming = nil
    while true {
      if let record = read ?? iterator?.next() {
        read = nil
        var event = WorkerEvent(record: record, block: block)
        if record.kind == .entry || record.kind == .exit, let next = iterator?.next() {
          // Values are in the block of their event.
          if next.kind == .values { event.values = blocks[block].words(of: next) } else { read = next }
        }
        coming = event
        return
      }
      guard block + 1 < blocks.count else { return }
      block += 1
      iterator = blocks[block].makeIterator()
    }
  }
}

/// The records of all workers in order of time, those of one worker never reordered; by the clock `ordinal` one worker after the other. O(log workers)
/// for each.
struct MergedEvents: Sequence, IteratorProtocol {
  private struct Stream {
    let task: Int
    var events: WorkerEvents

    static func < (left: Stream, right: Stream) -> Bool {
      (left.events.coming?.record.clock ?? .max, left.task) < (right.events.coming?.record.clock ?? .max, right.task)
    }
  }

  // A heap by time, then by worker, so that the order does not depend on chance.
  private var heap: [Stream] = []

  init(_ workers: [[EventBlock]]) {
    for (task, blocks) in workers.enumerated() {
      let events = WorkerEvents(blocks)
      if events.coming != nil { heap.append(Stream(task: task, events: events)) }
    }
    for index in heap.indices.reversed() { sink(index) }
  }

  /// The next record, and the index of its worker.
  mutating func next() -> (task: Int, event: WorkerEvent)? {
    guard let task = heap.first?.task, let event = heap[0].events.next() else { return nil }
    if heap[0].events.coming == nil {
      heap.swapAt(0, heap.count - 1)
      heap.removeLast()
    }
    sink(0)
    return (task, event)
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
