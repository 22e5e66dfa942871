import Ftrace
import FtraceTraceBuffer
import FtraceTracers
import Glibc

/// A compiled tracer under torture: it has ops, and says in the end what it has of each worker.
protocol TortureCompiled: AnyObject {
  var ops: TraceOps { get }
  var ends: TraceEnds { get }
  /// For people.
  var text: String { get }
  /// Holds what it has against the dues of each worker. It is not registered any more.
  func settle(_ dues: [EventDues], _ books: CompiledBooks, into report: inout TortureReport) -> [String]
  /// It was never registered, or is not to be asked.
  func abandon()
}

/// Records events into a trace buffer.
final class TortureEventTracer: TortureCompiled {
  let ops: TraceOps
  private let options: EventTracerOptions
  private let runtime: TraceRuntime
  private let buffer: TraceBuffer
  private let namer: CodeNamer?
  private let sink: FileSink?
  private let path: String

  var ends: TraceEnds { options.ends }
  var text: String { "events (\(options))" }

  /// - Parameter path: of a file that it may make, and removes.
  init(_ options: EventTracerOptions, _ filter: TraceFilter, in runtime: TraceRuntime, path: String) throws {
    self.options = options
    self.runtime = runtime
    self.path = path
    buffer = try TraceBuffer(options.configuration(for: runtime, path: path))
    sink = options.output == .stream ? try FileSink.start(buffer, path: path, interval: .milliseconds(1)) : nil
    namer = options.named ? CodeNamer(buffer, of: runtime) : nil
    ops = options.ops(filter, into: buffer)
  }

  func abandon() {
    namer?.finish()
    try? sink?.finish()
    removeFile()
  }

  // Safe: the path is a C string for the time of the call.
  private func removeFile() { if options.output != .memory { unsafe _ = unlink(path) } }

  func settle(_ dues: [EventDues], _ books: CompiledBooks, into report: inout TortureReport) -> [String] {
    defer { removeFile() }
    namer?.finish()
    do {
      let trace = TortureTrace(try contents(), workers: books.workerNames)
      report.events += UInt64(trace.events)
      report.lost += UInt64(trace.losses.total)
      report.losses = report.losses + trace.losses
      if trace.isDamaged { return ["a block does not make sense to its end"] }
      return trace.discrepancies(dues, ends, followsCalls: options.followsCalls, names: books.workerNames)
    } catch {
      return ["\(error)"]
    }
  }

  private func contents() throws -> TraceSnapshot {
    switch options.output {
    case .memory: return buffer.snapshot()
    case .stream:
      try sink?.finish()
      let file = try TraceFile(path: path)
      guard file.damage == nil, file.wasEnded else { throw TortureError.damagedFile("\(file.damage as Any)") }
      return file.contents
    case .ring:
      try buffer.calibrate()
      let file = try TraceFile(path: path)
      guard file.damage == nil else { throw TortureError.damagedFile("\(file.damage as Any)") }
      return file.contents
    }
  }
}

/// The tracer `count`.
final class TortureCountTracer: TortureCompiled {
  private let tracer = CountTracer()
  var ends: TraceEnds { .entry }
  let text = "count"
  let ops: TraceOps
  private let body: CountBody

  init(_ filter: TraceFilter, in runtime: TraceRuntime) {
    body = CountBody(codeBytes: runtime.codeAddresses.count)
    ops = TraceOps(name: "torture-count", filter: filter, body: body)
  }

  func abandon() {}

  func settle(_ dues: [EventDues], _ books: CompiledBooks, into report: inout TortureReport) -> [String] {
    let due = dues.reduce(EventDues(), +).entries
    if body.lost > 0 { return ["\(body.lost) calls found no memory for counters"] }
    return books.entryPlaces.sorted().compactMap { place in
      let (expected, found) = (due[place] ?? 0, body.count(ofSite: UInt32(truncatingIfNeeded: place)))
      report.events += UInt64(found)
      return expected == found
        ? nil : "all workers: calls at 0x\(String(place, radix: 16)): expected \(expected), found \(found)"
    }
  }
}
