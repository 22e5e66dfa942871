/// A recorded call.
public struct TraceEvent: Sendable, Hashable {
  /// Address of the site: the first byte of the function.
  public var ip: UInt
  /// The return address in the real caller.
  public var parentIP: UInt
  /// Time-stamp counter; `Trace.clock` knows the time of day.
  public var counter: UInt64
  /// Number of the processor.
  public var cpu: Int
  /// Index of the thread in `Trace.tasks`.
  public var task: Int
}

/// The events of all threads in order of time; those of one thread are never reordered. O(log threads) for each.
extension Trace: Sequence {
  public struct Iterator: IteratorProtocol {
    // A heap by time, then by thread, so that the order does not depend on chance.
    private var heap: [StreamReader] = []
    private let buffer: EventBuffer?

    fileprivate init(_ buffer: EventBuffer?) {
      self.buffer = buffer
      guard let buffer else { return }
      let streams = unsafe buffer.streams
      for index in unsafe streams.indices {
        // Safe: the iterator keeps the buffer, and with it the streams.
        let reader = unsafe StreamReader(streams[index].pointee, task: index)
        if reader.next != nil { heap.append(reader) }
      }
      for index in heap.indices.reversed() { sink(index) }
    }

    public mutating func next() -> TraceEvent? {
      guard let event = heap.first?.next, let task = heap.first?.task else { return nil }
      heap[0].advance()
      if heap[0].next == nil {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
      }
      sink(0)
      return TraceEvent(
        ip: event.ip, parentIP: event.parentIP, counter: event.time, cpu: event.cpu, task: task)
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

  public func makeIterator() -> Iterator { Iterator(buffer) }
}

/// A place in a stream.
@safe struct StreamReader {
  /// Index of the stream.
  let task: Int
  /// The event at this place, nil at the end.
  private(set) var next: FunctionEvent?
  // Safe: both point into chunks of a stream that whoever made the reader keeps, and that nobody writes any more.
  private var chunk: UnsafeMutablePointer<EventChunk>?
  private var index = 0
  private let end: UnsafeMutablePointer<FunctionEvent>?

  init(_ stream: WorkerStream, task: Int = 0) {
    self.task = task
    unsafe chunk = stream.first
    unsafe end = stream.cursor
    load()
  }

  /// Events from this place on. Linear in the number of chunks.
  var count: Int {
    var count = -index
    var chunk = unsafe chunk
    while let current = unsafe chunk {
      count += unsafe events(in: current)
      unsafe chunk = current.pointee.next
    }
    return count
  }

  mutating func advance() {
    index += 1
    load()
  }

  private mutating func load() {
    next = nil
    while let current = unsafe chunk {
      if unsafe index < events(in: current) {
        next = unsafe EventChunk.events(of: current)[index]
        return
      }
      unsafe chunk = current.pointee.next
      index = 0
    }
  }

  private func events(in chunk: UnsafeMutablePointer<EventChunk>) -> Int {
    if unsafe chunk.pointee.next != nil { return EventChunk.capacity }
    return unsafe end.map { unsafe $0 - EventChunk.events(of: chunk) } ?? 0
  }
}

extension StreamReader {
  fileprivate static func < (left: StreamReader, right: StreamReader) -> Bool {
    (left.next?.time ?? .max, left.task) < (right.next?.time ?? .max, right.task)
  }
}
