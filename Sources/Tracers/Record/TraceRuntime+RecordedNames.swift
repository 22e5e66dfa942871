import FtraceEngine
import FtraceTraceBuffer

extension TraceRuntime {
  /// The names of the code that there is now, with the signatures of functions, as a file of a trace has them.
  var recordedNames: [CodeName] {
    let base = UInt64(codeAddresses.lowerBound)
    return codeSymbols.map {
      CodeName(
        start: UInt64($0.start) - base, size: UInt64($0.size), epoch: 0, name: $0.name,
        signature: $0.signature?.text ?? "")
    }
  }
}
