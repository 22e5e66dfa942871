/// A record of a trace, and where it is.
public struct MergedRecord: Sendable {
  public var record: TraceRecord
  public var worker: UInt32
  /// Index in `TraceSnapshot.blocks`: where the words of the record are.
  public var block: Int
}

/// The records of all workers in order of time; those of one worker are never reordered. O(log workers) for each.
///
/// By the clock `ordinal` one worker comes after the other: there is no order between workers.
public struct TraceMerge: Sequence, Sendable {
  private let blocks: [EventBlock]

  /// - Parameter blocks: by worker, and by sequence within each.
  public init(_ blocks: [EventBlock]) { self.blocks = blocks }

  public struct Iterator: IteratorProtocol {
    private struct Stream {
      var worker: UInt32
      var blocks: Range<Int>
      var records: EventBlock.Iterator
      var next: TraceRecord?

      mutating func advance(_ all: [EventBlock]) {
        next = records.next()
        while next == nil, blocks.count > 1 {
          blocks.removeFirst()
          records = all[blocks.lowerBound].makeIterator()
          next = records.next()
        }
      }

      static func < (left: Stream, right: Stream) -> Bool {
        (left.next?.clock ?? .max, left.worker) < (right.next?.clock ?? .max, right.worker)
      }
    }

    // A heap by time, then by worker, so that the order does not depend on chance.
    private var heap: [Stream] = []
    private let blocks: [EventBlock]

    init(_ blocks: [EventBlock]) {
      self.blocks = blocks
      var start = 0
      while start < blocks.count {
        let worker = blocks[start].header.worker
        let end = blocks[start...].firstIndex { $0.header.worker != worker } ?? blocks.count
        var stream = Stream(worker: worker, blocks: start..<end, records: blocks[start].makeIterator())
        stream.advance(blocks)
        if stream.next != nil { heap.append(stream) }
        start = end
      }
      for index in heap.indices.reversed() { sink(index) }
    }

    public mutating func next() -> MergedRecord? {
      guard let first = heap.first, let record = first.next else { return nil }
      let merged = MergedRecord(record: record, worker: first.worker, block: first.blocks.lowerBound)
      heap[0].advance(blocks)
      if heap[0].next == nil {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
      }
      sink(0)
      return merged
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

  public func makeIterator() -> Iterator { Iterator(blocks) }
}

extension TraceSnapshot {
  /// The records of all workers in order of time.
  public var records: TraceMerge { TraceMerge(blocks) }
}
