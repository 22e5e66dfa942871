import CFtraceTraceBufferTests
import FtraceTraceBuffer

/// A writer that does what the compiled body of a tracer does. One thread uses it at a time.
// Unchecked: tests hand a writer from one thread to the next, and wait in between.
@safe final class Writer: @unchecked Sendable {
  // Safe: made here, freed with this object.
  let handle: OpaquePointer
  private let buffer: TraceBuffer

  init(_ buffer: TraceBuffer, testClock: Bool = false) {
    self.buffer = buffer
    unsafe handle = ftrace_test_writer_new(
      UInt64(buffer.sink), buffer.clock.rawValue, testClock ? ftrace_test_clock : nil, nil)
  }

  deinit { unsafe ftrace_test_writer_free(handle) }

  var tally: ftrace_test_tally { unsafe ftrace_test_writer_tally(handle) }

  @discardableResult func enter(_ function: UInt32) -> Bool { unsafe ftrace_test_enter(handle, function) }
  @discardableResult func exit() -> Bool { unsafe ftrace_test_exit(handle) }
  @discardableResult func unwind(_ count: UInt32) -> Bool { unsafe ftrace_test_unwind(handle, count) }

  func run(seed: UInt64, operations: UInt64, nested: UInt32 = 0) {
    unsafe ftrace_test_run(handle, seed, operations, nested)
  }

  func spin(_ pairs: UInt64) { unsafe ftrace_test_spin(handle, pairs) }

  /// Its thread ends.
  func close() { unsafe ftrace_test_writer_close(handle) }
}

extension TraceBuffer.Configuration {
  /// Small blocks, and the made-up arena of writers.
  static func small(
    _ mode: TraceBuffer.Mode = .discard, blocks: Int = 16, blockBytes: Int = 4096, clock: TraceClockKind = .tsc
  ) -> Self {
    var configuration = Self()
    configuration.mode = mode
    configuration.blockBytes = blockBytes
    configuration.totalBytes = blocks * blockBytes
    configuration.clock = clock
    configuration.code = ftrace_test_code_start()..<ftrace_test_code_end()
    return configuration
  }
}
