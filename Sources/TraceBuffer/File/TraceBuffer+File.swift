import CFtraceShims
import CFtraceTraceBuffer
import FtracePlatform

extension TraceBuffer {
  /// Writes the head of the file, which a buffer in memory has as well.
  // Safe: the first block is as large as the head, and no worker touches it.
  func writeHead(_ layout: BlockLayout) {
    control.withLock { control in
      if control.code.isEmpty { control.code = configuration.code }
      var head = unsafe blocks.start.load(as: ftrace_file_header.self)
      if head.block.magic == 0 {
        let sample = Calibration.sample(clock)
        control.calibration.add(sample)
        head = ftrace_file_header(
          configuration: configuration, clock: clock, layout: layout, sample: sample, isRing: true)
      }
      head.arena_base = control.code.lowerBound & ~0xFFFF_FFFF
      head.code_end = control.code.upperBound
      unsafe blocks.start.storeBytes(of: head, as: ftrace_file_header.self)
    }
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
      tid: System.processID, lost: (0, 0), reserved: 0)
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
