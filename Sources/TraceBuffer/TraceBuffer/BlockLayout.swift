import CFtraceTraceBuffer

/// How many blocks of each kind a buffer has, and where they lie: head, table of workers, control, pool.
struct BlockLayout: Sendable {
  let blockBytes: Int
  let workerBlocks, controlBlocks, poolBlocks, ringBlocks: Int

  init(_ configuration: TraceBuffer.Configuration) {
    blockBytes = configuration.blockBytes
    let inBlock = Int(ftrace_workers_in_block(UInt32(blockBytes)))
    workerBlocks = (configuration.maximumWorkers + inBlock) / inBlock
    // One more, for samples of the clocks.
    controlBlocks =
      configuration.backing == .memory ? 0 : (configuration.nameBytes + blockBytes - 1) / blockBytes + 1
    poolBlocks = configuration.totalBytes / blockBytes
    ringBlocks = min((configuration.workerBytes ?? configuration.totalBytes) / blockBytes, poolBlocks)
  }

  var controlStart: Int { (1 + workerBlocks) * blockBytes }
  var poolStart: Int { controlStart + controlBlocks * blockBytes }
  var bytes: Int { poolStart + poolBlocks * blockBytes }

  func settings(
    _ configuration: TraceBuffer.Configuration, _ clock: TraceClockKind
  ) -> ftrace_buffer_configuration {
    ftrace_buffer_configuration(
      mode: UInt32(configuration.mode == .overwrite ? FTRACE_MODE_OVERWRITE : FTRACE_MODE_DISCARD),
      clock: clock.rawValue, block_bytes: UInt32(blockBytes), pool_blocks: UInt32(poolBlocks),
      ring_blocks: UInt32(ringBlocks), max_workers: UInt32(configuration.maximumWorkers),
      worker_blocks: UInt32(workerBlocks), control_blocks: UInt32(controlBlocks), file: -1,
      code_start: configuration.code.lowerBound, code_end: configuration.code.upperBound)
  }
}
