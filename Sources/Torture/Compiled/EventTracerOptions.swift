import Ftrace
import FtraceTraceBuffer
import FtraceTracers

/// How a tracer of events is made, by chance: buffers that are much too small, so that events are lost for every reason, and large ones.
struct EventTracerOptions: CustomStringConvertible {
  enum Output: String, CaseIterable { case memory, stream, ring }

  var ends = TraceEnds.both
  var parents = false
  var values = false
  /// Whether calls are followed on a shadow stack, as those of a tracer with limits are: deeper than any are here.
  var followsCalls = false
  /// Whether functions have names in the trace: without them exits are not told from one another.
  var named = true
  var mode = TraceBuffer.Mode.discard
  var clock = TraceClockKind.tsc
  var blockBytes = 4096
  var blocks = 2
  var workerBlocks: Int?
  var workers = 1000
  var output = Output.memory

  init(threads: Int, using generator: inout SeededGenerator) {
    func oneOf(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
    ends = [.both, .both, .both, .both, .entry, .exit].randomElement(using: &generator)!
    followsCalls = ends == .both && oneOf(4)
    (parents, values, named) = (oneOf(5), oneOf(5), !oneOf(5))
    mode = oneOf(2) ? .discard : .overwrite
    clock = [TraceClockKind.tsc, .coarse, .ordinal, .monotonic].randomElement(using: &generator)!
    switch Int.random(in: 0..<6, using: &generator) {
    case 0, 1: blocks = Int.random(in: 2...2 * threads + 2, using: &generator)
    case 2, 3: blocks = Int.random(in: 2...64, using: &generator)
    // Larger ones hold the controller up when it reads them.
    case 4: (blockBytes, blocks) = (16 << 10, 24)
    default: (blockBytes, blocks) = (64 << 10, 8)
    }
    if oneOf(4) { workerBlocks = 2 }
    if oneOf(6) { workers = Int.random(in: 1...threads + 1, using: &generator) }
    switch Int.random(in: 0..<16, using: &generator) {
    case 0: (output, mode) = (.stream, .discard)
    case 1: output = .ring
    default: break
    }
  }

  /// What runs at the sites.
  func ops(_ filter: TraceFilter, into buffer: TraceBuffer) -> TraceOps {
    var limited = TracerOptions()
    limited.graph.maxDepth = 1000
    return followsCalls
      ? .graph("torture-calls", filter, limited, into: buffer)
      : TraceOps(
        name: "torture-events", filter: filter,
        body: EventBody(ends: ends, parents: parents, values: values, into: buffer))
  }

  func configuration(for runtime: TraceRuntime, path: String) -> TraceBuffer.Configuration {
    var configuration = TraceBuffer.Configuration()
    configuration.mode = mode
    configuration.clock = clock
    configuration.blockBytes = blockBytes
    configuration.totalBytes = blocks * blockBytes
    configuration.workerBytes = workerBlocks.map { $0 * blockBytes }
    configuration.maximumWorkers = workers
    configuration.tracer = "torture"
    let code = runtime.codeAddresses
    configuration.code = UInt64(code.lowerBound)..<UInt64(code.upperBound)
    if output == .ring { configuration.backing = .file(path) }
    return configuration
  }

  var description: String {
    let sites = ends == .both ? "both ends" : ends == .entry ? "entries" : "exits"
    let extras = [(followsCalls, "followed"), (parents, "parents"), (values, "values"), (!named, "no names")].filter(
      \.0
    ).map(\.1)
    return
      ([
        sites, "\(mode)", "\(clock)", "\(blocks) blocks of \(blockBytes)", workerBlocks.map { "\($0) for a worker" },
        workers < 1000 ? "\(workers) workers" : nil, output == .memory ? nil : output.rawValue,
      ].compactMap { $0 } + extras).joined(separator: ", ")
  }
}
