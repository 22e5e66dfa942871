import CFtraceShims
import CFtraceTraceBuffer
import FtracePlatform
import FtraceQuiescence
import Glibc
import Synchronization

/// Empties a buffer into a file while it is written: the mode *stream*.
/// It goes on, and keeps itself, until `finish()`.
///
/// A thread takes the full blocks every few milliseconds. Meant for a buffer that discards: what the thread cannot keep up with is lost there,
/// and counted.
public final class FileSink: Sendable {
  private struct State {
    var writer: TraceFileWriter?
    var names = 0
    var workers: Set<UInt32> = []
    var error: SystemError?
    var unwritten = EventLosses.Counts()
    var blocks = 0
    /// CLOCK_MONOTONIC of the last sample of the clocks in the file.
    var sampled: UInt64 = 0
  }

  private let buffer: TraceBuffer
  private let path: String
  private let state: StreamState
  private let stopping = Atomic<Bool>(false)
  private let thread = ShortLocked<HelperThread?>(nil)

  /// What is behind the buffer's `reading` lock.
  // Unchecked: touched with that lock held alone.
  private final class StreamState: @unchecked Sendable { var value = State() }

  /// Begins to stream to a file, which is made anew.
  /// - Parameters:
  ///   - buffer: what is emptied; kept until the end.
  ///   - path: of the file.
  ///   - interval: time between two looks at the buffer.
  /// - Throws: `system` if the file, its head, or the thread is refused.
  public static func start(
    _ buffer: TraceBuffer, path: String, interval: Duration = .milliseconds(5)
  ) throws(TraceBufferError) -> FileSink {
    let sink = FileSink(buffer, path)
    try sink.begin(interval)
    return sink
  }

  private init(_ buffer: TraceBuffer, _ path: String) {
    self.buffer = buffer
    self.path = path
    state = StreamState()
  }

  private func begin(_ interval: Duration) throws(TraceBufferError) {
    buffer.control.withLock { $0.keepNames(from: 0) }
    let snapshot = buffer.describe([], [])
    do throws(SystemError) {
      state.value.writer = try TraceFileWriter(path: path, head: snapshot.head)
    } catch {
      throw .system(path: path, error)
    }
    let nanoseconds = UInt64(max(0, interval / .nanoseconds(1)))
    let started: HelperThread
    do throws(SystemError) {
      started = try HelperThread(named: "ftrace-stream") { [self] in
        // Pairs with the release in `finish`.
        while !stopping.load(ordering: .acquiring) {
          drain()
          ftrace_sleep(nanoseconds)
        }
      }
    } catch {
      throw .system(path: path, error)
    }
    thread.withLock { $0 = started }
    AtFork.add(self)
  }

  /// The first error of writing. Since then nothing is written, and events are counted as lost, or as ``unwritten``. Any thread.
  public var error: SystemError? { buffer.reading.withLock { state.value.error } }

  /// Events that were taken out of the buffer and could not be written. Any thread.
  public var unwritten: EventLosses.Counts { buffer.reading.withLock { state.value.unwritten } }

  /// Ends the stream with all that was recorded up to now. Again: nothing.
  /// - Throws: `system`: the first error of writing; what is in the file can be read.
  public func finish() throws(TraceBufferError) {
    guard let running = thread.withLock({ $0.take() }) else { return }
    stopping.store(true, ordering: .releasing)
    parked { running.join() }
    drain()
    let rest = buffer.snapshot()
    let failed = buffer.reading.withLock { () -> SystemError? in
      for block in rest.blocks {
        write(countedFrom: block) { () throws(SystemError) in
          try writeTables(for: block.header.worker)
          try state.value.writer?.write(BlockEncoder.block(block, blockBytes: rest.blockBytes))
        }
      }
      guard var writer = state.value.writer.take() else { return state.value.error }
      do throws(SystemError) {
        var end = rest
        let written = state.value.names
        end.names = buffer.control.withLock { Array($0.log.dropFirst(written)) }
        end.losses[.memory].entries &+= state.value.unwritten.entries
        end.losses[.memory].exits &+= state.value.unwritten.exits
        for block in end.tables(isEnd: state.value.error == nil) { try writer.write(block) }
      } catch {
        if state.value.error == nil { state.value.error = error }
      }
      return state.value.error
    }
    buffer.control.withLock { $0.keepNames(from: .max) }
    if let failed { throw .system(path: path, failed) }
  }

  /// The same for tasks: waits on a thread of its own, and the cooperative pool goes on.
  /// - Throws: as the other; `system` too if the system has no thread to spare: the stream goes on then.
  public func finish() async throws(TraceBufferError) {
    try await onOwnThread(else: { .system(path: self.path, $0) }) { () throws(TraceBufferError) in try self.finish() }
  }

  // MARK: - The thread

  /// Writes what is full.
  private func drain() {
    buffer.reading.withLock {
      if state.value.error != nil {
        // No name is written any more.
        buffer.control.withLock { $0.keepNames(from: .max) }
        return
      }
      var reader = unsafe BlockReader(buffer.buffer)
      while state.value.error == nil, let taken = reader.next() {
        let block = buffer.copy(taken)
        write(countedFrom: block) { () throws(SystemError) in
          try writeTables(for: block.header.worker)
          if taken.start == UInt32(FTRACE_BLOCK_HEADER_BYTES) {
            // Safe: the block was taken out of its ring, and is ours until the next is taken. Behind its last word it is zero.
            let start = unsafe UnsafeRawPointer(bitPattern: UInt(taken.address))
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: buffer.configuration.blockBytes)
            try unsafe state.value.writer?.write(bytes)
          } else {
            try state.value.writer?.write(
              BlockEncoder.block(block, blockBytes: buffer.configuration.blockBytes))
          }
        }
      }
      reader.finish()
    }
  }

  /// Runs `body`; if it fails, or something has failed before, the block's events are counted.
  private func write(countedFrom block: EventBlock, _ body: () throws(SystemError) -> Void) {
    do throws(SystemError) {
      if state.value.error == nil {
        try body()
        state.value.blocks += 1
        return
      }
    } catch {
      state.value.error = error
    }
    block.decode { record in
      if record.kind == .entry { state.value.unwritten.entries += 1 }
      if record.kind == .exit { state.value.unwritten.exits += 1 }
    }
  }

  /// A sample of the clocks, a second or more after the last: if the process is killed times are known up to there.
  private func writeSample() throws(SystemError) {
    let now = ftrace_clock_nanoseconds(CLOCK_MONOTONIC)
    guard state.value.sampled == 0 || now &- state.value.sampled >= 1_000_000_000 else { return }
    state.value.sampled = now
    try? buffer.calibrate()
    guard let sample = buffer.control.withLock({ $0.calibration.samples.last }) else { return }
    for block in BlockEncoder.blocks(
      kind: UInt32(FTRACE_BLOCK_CALIBRATION), records: [[sample.counter, sample.nanoseconds]],
      blockBytes: buffer.configuration.blockBytes)
    {
      try state.value.writer?.write(block)
    }
  }

  /// Names that were added since, and the row of a worker whose first block this is: before its events.
  private func writeTables(for worker: UInt32) throws(SystemError) {
    let blockBytes = buffer.configuration.blockBytes
    let written = state.value.names
    let names = buffer.control.withLock { Array($0.log.dropFirst(written)) }
    if !names.isEmpty {
      let records = names.map { BlockEncoder.record($0, blockBytes: blockBytes) }
      for block in BlockEncoder.blocks(kind: UInt32(FTRACE_BLOCK_NAMES), records: records, blockBytes: blockBytes) {
        try state.value.writer?.write(block)
      }
      state.value.names += names.count
      buffer.control.withLock { $0.keepNames(from: written + names.count) }
    }
    try writeSample()
    guard !state.value.workers.contains(worker) else { return }
    // Losses are written at the end: those of a worker that has gone by then are among the others'.
    let rows = buffer.workers.filter { !state.value.workers.contains($0.number) }.map { worker in
      var row = worker
      row.losses = EventLosses()
      return row
    }
    for block in BlockEncoder.blocks(
      kind: UInt32(FTRACE_BLOCK_WORKERS), records: rows.map(BlockEncoder.row), blockBytes: blockBytes)
    {
      try state.value.writer?.write(block)
    }
    state.value.workers.formUnion(rows.map(\.number))
    state.value.workers.insert(worker)
  }
}

/// In the child of a fork there is no thread, and the file is the parent's: `finish()` does nothing, and what is recorded stays in the buffer.
extension FileSink: ForkParticipant {
  package var forkLocks: (outer: [FairLock], short: [FairLock]) { ([], [thread.lock]) }

  package func restForFork() {}
  package func prepareFork(isAtRest: Bool) {}
  package func forkedInParent() {}
  package func adoptInChild() {}

  // The buffer's `reading` lock is held: the buffer takes part, and this keeps it.
  package func repairInChild() {
    thread.change { $0 = nil }
    state.value = State()
  }
}
