import CFtraceTraceBuffer
import FtracePlatform

/// What the control side knows and writes: names, and samples of the clocks.
struct ControlState: Sendable {
  let layout: BlockLayout
  var code: Range<UInt64> = 0..<0
  private(set) var log = CodeNameLog()
  private(set) var calibration: Calibration
  /// False in the child of a fork: the file is the parent's.
  var ownsFile = true
  /// The control block that names are written to, and how far it is used. Block 0 is that of samples.
  private var nameBlock = 0
  private var nameEnd = 0
  private var sampleCount = 0

  init(layout: BlockLayout, clock: TraceClockKind) {
    self.layout = layout
    calibration = Calibration(clock: clock, samples: clock == .tsc ? [Calibration.origin] : [])
  }

  // Safe throughout: control blocks lie in the mapping, are as large as `layout` says, have space in the file when they are written,
  // and are written by the holder of the lock alone.

  /// Adds a name; `blocks` is the mapping of a file-backed ring, which has a place for it, or the space is refused.
  mutating func add(
    _ name: CodeName, to blocks: UnsafeMutableRawPointer, _ file: BackingFile?
  ) throws(TraceBufferError) {
    if ownsFile, let file {
      let record = BlockEncoder.record(name, blockBytes: layout.blockBytes)
      if nameBlock == 0 || nameEnd + record.count * 8 > layout.blockBytes {
        guard nameBlock + 1 < layout.controlBlocks else {
          throw .namesFull(bytes: (layout.controlBlocks - 1) * layout.blockBytes)
        }
        try unsafe open(nameBlock + 1, UInt32(FTRACE_BLOCK_NAMES), in: blocks, file)
        nameBlock += 1
        nameEnd = Int(FTRACE_BLOCK_HEADER_BYTES)
      }
      let place = unsafe blocks + offset(nameBlock) + nameEnd
      for index in record.indices.reversed() {
        unsafe (place + 8 * index).storeBytes(of: record[index], as: UInt64.self)
        // The first word last, whatever becomes of the process in between.
        ftrace_compiler_barrier()
      }
      nameEnd += record.count * 8
    }
    log.append(name)
  }

  /// Keeps the names from a number on, which a stream has not written yet.
  mutating func keepNames(from number: Int) { log.firstKept = number }

  /// Adds a sample of the clocks.
  mutating func calibrate(
    _ sample: Calibration.Sample, in blocks: UnsafeMutableRawPointer, _ file: BackingFile?
  ) throws(TraceBufferError) {
    calibration.add(sample)
    if ownsFile, let file {
      if sampleCount == 0 {
        try unsafe open(0, UInt32(FTRACE_BLOCK_CALIBRATION), in: blocks, file)
        for earlier in calibration.samples.dropLast() { unsafe store(earlier, in: blocks) }
      }
      unsafe store(sample, in: blocks)
    }
  }

  /// The first half of the block keeps the first samples, the second half the newest.
  private mutating func store(_ sample: Calibration.Sample, in blocks: UnsafeMutableRawPointer) {
    let room = (layout.blockBytes - Int(FTRACE_BLOCK_HEADER_BYTES)) / 16
    let half = room / 2
    let index = sampleCount < room ? sampleCount : half + (sampleCount - half) % (room - half)
    sampleCount += 1
    let place = unsafe blocks + offset(0) + Int(FTRACE_BLOCK_HEADER_BYTES) + 16 * index
    // A sample whose counter is 0 is none: what is found in a file is whole.
    for (at, value) in [(0, 0), (8, sample.nanoseconds), (0, sample.counter)] as [(Int, UInt64)] {
      unsafe (place + at).storeBytes(of: value, as: UInt64.self)
      ftrace_compiler_barrier()
    }
  }

  private func offset(_ block: Int) -> Int { layout.controlStart + block * layout.blockBytes }

  private func open(
    _ block: Int, _ kind: UInt32, in blocks: UnsafeMutableRawPointer, _ file: BackingFile
  ) throws(TraceBufferError) {
    do throws(SystemError) {
      try System.fallocate(file.descriptor, .reserve, offset: offset(block), bytes: layout.blockBytes)
    } catch {
      throw .system(path: nil, error)
    }
    let header = BlockEncoder.header(kind: kind, used: 0, sequence: UInt64(block))
    unsafe (blocks + offset(block)).storeBytes(of: header, as: ftrace_block_header.self)
  }
}
