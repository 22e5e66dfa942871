import Ftrace
import Synchronization

/// Counts who calls whom: a tracer of compiled events with a report of its own.
final class EdgeTracer: Tracer {
  static let name = "edges"
  static let help = "count the calls of each caller and callee"

  private let options: TracerOptions
  private let running = Mutex<EventRecording?>(nil)

  init(options: TracerOptions = TracerOptions()) { self.options = options }

  deinit { running.withLock { $0 }?.abandon() }

  func start(in runtime: TraceRuntime, filter: TraceFilter = .all) throws(FtraceError) {
    guard running.withLock({ $0 == nil }) else { throw .alreadyRegistered(Self.name) }
    let recording = try EventRecording(
      Self.name, ends: .entry, parents: true, options: options, in: runtime, filter: filter)
    running.withLock { $0 = recording }
  }

  func stop() throws(FtraceError) -> Edges {
    guard let recording = running.withLock({ $0 }) else { throw .notRegistered(Self.name) }
    let contents = try recording.finish()
    running.withLock { $0 = nil }
    return Edges(counting: Trace(contents))
  }
}

/// Calls by site and return address.
struct Edges: TraceReport {
  struct Edge: Hashable {
    var parentIP: UInt
    var ip: UInt
  }

  private(set) var calls: [Edge: Int] = [:]

  init(counting trace: Trace) {
    for event in trace { calls[Edge(parentIP: event.parentIP, ip: event.ip), default: 0] += 1 }
  }

  func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    // Several places in a caller are one line.
    var sums: [String: Int] = [:]
    for (edge, count) in calls {
      let (caller, callee) = (runtime.name(of: edge.parentIP) ?? "?", runtime.name(of: edge.ip) ?? "?")
      sums["\(caller) -> \(callee)", default: 0] += count
    }
    let lines = sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value)  \($0.key)\n" }
    try sink(Array(lines.prefix(limit ?? .max).joined().utf8))
    if let limit, lines.count > limit { try sink(Array("# \(lines.count - limit) more\n".utf8)) }
  }
}
