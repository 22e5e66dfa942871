import CFtraceTraceBuffer
import FtracePlatform

/// Writes blocks to a file: each is there wholly, or not at all.
struct TraceFileWriter {
  private let file: BackingFile
  private let blockBytes: Int
  /// Bytes of whole blocks.
  private(set) var bytes = 0

  /// Makes a file anew, with its head.
  init(path: String, head: ftrace_file_header) throws(SystemError) {
    file = try BackingFile(emptyAt: path)
    blockBytes = Int(head.block_bytes)
    let words = BlockEncoder.words(of: head)
    do throws(SystemError) {
      try write(words + [UInt64](repeating: 0, count: blockBytes / 8 - words.count))
    } catch {
      file.discard()
      throw error
    }
  }

  /// Removes the file after a failure, if it was made here.
  func discard() { file.discard() }

  /// Writes a block. If that fails the file is as it was before, as far as the system lets it.
  mutating func write(_ block: [UInt64]) throws(SystemError) {
    // Safe: the array's storage is valid through the call.
    let result = unsafe block.withUnsafeBytes { bytes in
      Swift.Result { () throws(SystemError) in try unsafe write(bytes) }
    }
    try result.get()
  }

  mutating func write(_ block: UnsafeRawBufferPointer) throws(SystemError) {
    var written = 0
    do throws(SystemError) {
      while written < block.count {
        // Safe: a part of the block, which the caller keeps.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: block[written...])
        written += try unsafe System.pwrite(file.descriptor, rest, offset: bytes + written)
      }
    } catch {
      // A part of a block would be read as a file that was cut off.
      if written > 0 { try? System.ftruncate(file.descriptor, bytes: bytes) }
      throw error
    }
    bytes += block.count
  }
}

extension TraceSnapshot {
  /// Writes the snapshot to a file, made anew, that ``TraceFile`` reads.
  /// - Throws: `system`; a file that was not there before is removed then.
  public func write(to path: String) throws(TraceBufferError) {
    do throws(SystemError) {
      var writer = try TraceFileWriter(path: path, head: head)
      do throws(SystemError) {
        for block in tables(isEnd: true) { try writer.write(block) }
        for block in blocks { try writer.write(BlockEncoder.block(block, blockBytes: blockBytes)) }
      } catch {
        writer.discard()
        throw error
      }
    } catch {
      throw .system(path: path, error)
    }
  }

  var head: ftrace_file_header {
    var configuration = TraceBuffer.Configuration()
    configuration.tracer = tracer
    configuration.blockBytes = blockBytes
    configuration.code = code
    let sample = calibration.samples.first ?? Calibration.Sample(counter: 0, nanoseconds: 0)
    var head = ftrace_file_header(
      configuration: configuration, clock: clock, layout: BlockLayout(configuration), sample: sample, isRing: false)
    head.realtime = realtime
    head.process = UInt32(bitPattern: process)
    return head
  }

  /// Blocks with everything but the events.
  func tables(isEnd: Bool) -> [[UInt64]] {
    var others = TraceWorker(number: .max, threadID: 0, name: "", isAlive: false, losses: losses)
    for worker in workers { others.losses = others.losses - worker.losses }
    let samples = calibration.samples.map { [$0.counter, $0.nanoseconds] }
    return BlockEncoder.blocks(
      kind: UInt32(FTRACE_BLOCK_NAMES), records: names.map { BlockEncoder.record($0, blockBytes: blockBytes) },
      blockBytes: blockBytes)
      + BlockEncoder.blocks(kind: UInt32(FTRACE_BLOCK_CALIBRATION), records: samples, blockBytes: blockBytes)
      + BlockEncoder.blocks(
        kind: UInt32(FTRACE_BLOCK_WORKERS), records: (workers + [others]).map(BlockEncoder.row),
        blockBytes: blockBytes, start: isEnd ? 1 : 0)
  }
}
