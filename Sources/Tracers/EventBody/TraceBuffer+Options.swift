import FtraceEngine
import FtraceTraceBuffer

extension TraceBuffer {
  /// A buffer as the options of a tracer want it.
  package static func make(_ options: TracerOptions, tracer: String, for runtime: TraceRuntime) throws(FtraceError)
    -> TraceBuffer
  {
    let configuration = configuration(options, tracer: tracer, for: runtime)
    do throws(TraceBufferError) { return try TraceBuffer(configuration) } catch {
      switch error {
      case .system(_, let error): throw .system(error)
      case .badConfiguration(let text): preconditionFailure(text)
      case .namesFull(let bytes): preconditionFailure("nothing was named in \(bytes) bytes")
      }
    }
  }

  /// What such a buffer is made of.
  static func configuration(_ options: TracerOptions, tracer: String, for runtime: TraceRuntime) -> Configuration {
    var configuration = Configuration()
    configuration.mode = options.mode
    configuration.clock = options.clock
    configuration.tracer = tracer
    // A worker has one block open, so small buffers have small blocks.
    while configuration.blockBytes > 4096, options.bufferBytes < 16 * configuration.blockBytes {
      configuration.blockBytes /= 2
    }
    configuration.totalBytes = max(2 * configuration.blockBytes, options.bufferBytes)
    let code = runtime.codeAddresses
    // Both clocks at a moment before the first event: names are looked up by the time-stamp counter, whatever the clock.
    _ = Calibration.origin
    configuration.code = UInt64(code.lowerBound)..<UInt64(code.upperBound)
    return configuration
  }
}
