import CFtraceShims
import CFtraceTraceBuffer
import FtracePlatform

extension TraceBuffer {
  /// Writes the head of the file, which a buffer in memory has as well.
  // Safe: the first block is as large as the head, and no worker touches it.
  func writeHead(_ layout: BlockLayout) throws(TraceBufferError) {
    try control.withLock { control throws(TraceBufferError) in
      let head = unsafe blocks.start.load(as: ftrace_file_header.self)
      if head.block.magic == 0 { try unsafe control.calibrate(Calibration.sample(clock), in: blocks.start, file) }
      writeHead(layout, &control)
    }
  }

  /// The same, by the holder of the lock, without a sample of the clocks.
  func writeHead(_ layout: BlockLayout, _ control: inout ControlState) {
    if control.code.isEmpty { control.code = configuration.code }
    var head = unsafe blocks.start.load(as: ftrace_file_header.self)
    if head.block.magic == 0 {
      head = ftrace_file_header(
        configuration: configuration, clock: clock, layout: layout, sample: Calibration.sample(clock), isRing: true)
    }
    head.arena_base = control.code.lowerBound & ~0xFFFF_FFFF
    head.code_end = control.code.upperBound
    unsafe blocks.start.storeBytes(of: head, as: ftrace_file_header.self)
  }
}

extension ftrace_file_header {
  init(
    configuration: TraceBuffer.Configuration, clock: TraceClockKind, layout: BlockLayout,
    sample: Calibration.Sample, isRing: Bool
  ) {
    self.init()
    block = ftrace_block_header(
      magic: UInt32(FTRACE_BLOCK_MAGIC), kind: UInt32(FTRACE_BLOCK_FILE), worker: 0,
      used: UInt32(MemoryLayout<ftrace_file_header>.size), sequence: 0, clock: sample.counter, epoch: 0,
      tid: System.processID, lost: (0, 0), start: 0)
    version = UInt32(FTRACE_FILE_VERSION)
    block_bytes = UInt32(layout.blockBytes)
    self.clock = clock.rawValue
    mode = UInt32(configuration.mode == .overwrite ? FTRACE_MODE_OVERWRITE : FTRACE_MODE_DISCARD)
    arena_base = configuration.code.lowerBound & ~0xFFFF_FFFF
    code_end = configuration.code.upperBound
    counter = sample.counter
    nanoseconds = sample.nanoseconds
    realtime = System.realtimeNanoseconds
    process = UInt32(System.processID)
    max_workers = UInt32(configuration.maximumWorkers)
    if isRing {
      worker_blocks = UInt32(layout.workerBlocks)
      control_blocks = UInt32(layout.controlBlocks)
      pool_blocks = UInt32(layout.poolBlocks)
    }
    // Safe: only the tuple's own bytes are written; the name has been found to fit.
    unsafe withUnsafeMutableBytes(of: &tracer) { unsafe $0.copyBytes(from: configuration.tracer.utf8.prefix(63)) }
  }
}

extension TraceBuffer {
  /// Adds the names of functions, before the first event of theirs is written. In a file-backed ring they are in the file when this returns.
  ///
  /// Any thread outside of callbacks.
  /// - Throws: `namesFull`, or `system` if there is no space; the names before the one that failed are added.
  public func add(_ names: [CodeName]) throws(TraceBufferError) {
    try control.withLock { control throws(TraceBufferError) in
      for name in names { try unsafe control.add(name, to: blocks.start, file) }
    }
  }

  /// Notes the clock and CLOCK_MONOTONIC of now: times between two samples are interpolated. To be called now and then; a snapshot and the
  /// end of a stream do so themselves. Any thread outside of callbacks.
  /// - Throws: `system` if the file has no space for samples.
  public func calibrate() throws(TraceBufferError) {
    let sample = Calibration.sample(clock)
    try control.withLock { control throws(TraceBufferError) in
      try unsafe control.calibrate(sample, in: blocks.start, file)
    }
  }
}
