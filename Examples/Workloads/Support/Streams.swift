import Synchronization

/// Where a workload's output goes. Any thread may write.
public final class WorkloadOutput: Sendable {
  private let waiting = Mutex<[UInt8]>([])
  private let sink: @Sendable ([UInt8]) -> Void

  /// - Parameter sink: is handed pieces of the output, in order.
  public init(_ sink: @escaping @Sendable ([UInt8]) -> Void) { self.sink = sink }

  /// Takes the output and forgets it.
  public static let discarded = WorkloadOutput { _ in }

  public func write(_ text: String) { write(Array(text.utf8)) }

  public func write(_ bytes: [UInt8]) {
    let isFull = waiting.withLock { waiting in
      waiting += bytes
      return waiting.count >= 4096
    }
    if isFull { flush() }
  }

  /// Hands what was written to the sink.
  public func flush() {
    waiting.withLock { waiting in
      if !waiting.isEmpty { sink(waiting) }
      waiting.removeAll(keepingCapacity: true)
    }
  }
}

/// Where a workload's input comes from.
public final class WorkloadInput: Sendable {
  private let source: @Sendable () -> [UInt8]
  private let waiting = Mutex<ArraySlice<UInt8>>([])

  /// - Parameter source: returns the next piece of the input, an empty one at the end.
  public init(_ source: @escaping @Sendable () -> [UInt8]) { self.source = source }

  public static let empty = WorkloadInput { [] }

  /// The next byte, nil at the end.
  public func next() -> UInt8? {
    waiting.withLock { waiting in
      if waiting.isEmpty { waiting = source()[...] }
      return waiting.popFirst()
    }
  }
}
