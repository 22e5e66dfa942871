import CFtraceShims
import CFtraceTraceBuffer
import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// Appends both ends of the calls that `GraphLimits` choose to the worker's stream: 8 bytes each, and the values of the function's signature if they are
/// asked for.
///
/// Which calls these are is decided at the entry, and compiled in: a call that is recorded has a frame on a shadow stack, by which its exit is known. With a
/// threshold the entry only begins a frame, and the exit of a call that was short only ends it.
@safe final class GraphBody: TraceBody {
  let ends = TraceEnds.both
  // Safe: the buffer, which this keeps, has it; what changes in it is atomic, or written before it is registered.
  nonisolated(unsafe) let sink: UnsafeMutablePointer<ftrace_sink>
  // Safe: allocated with the body and freed with it, when none of its code can run. What changes in it is atomic.
  nonisolated(unsafe) private let graph: UnsafeMutablePointer<ftrace_graph>
  private let clock: BodyClock
  private let threshold: UInt64
  private let hasRoots: Bool
  private let threads: ThreadList
  let wantsValues: Bool
  private let buffer: TraceBuffer
  private let state: TriggerState?

  /// - Parameters:
  ///   - threads: those that are recorded; none: all.
  ///   - values: whether events have the values of functions whose signature was declared. With a threshold they have none: an entry is written when
  ///     the call has ended, and its arguments are gone.
  ///   - buffer: where events go, by the buffer's clock; kept as long as code of this body can run. Nothing else writes there.
  ///   - state: says while no call is to be begun; nil: always.
  ///   - word: for tests: a word of 64 bits in the place of the clock, and the buffer's clock reads it as well.
  init(
    _ limits: GraphLimits, threads: [Int32], values: Bool = false, into buffer: TraceBuffer,
    unless state: TriggerState? = nil,
    word: UInt? = nil
  ) {
    self.buffer = buffer
    self.state = state
    self.threads = ThreadList(threads)
    clock = word.map { .word($0) } ?? BodyClock(buffer.clock)
    threshold = limits.threshold.map { $0 > .zero ? buffer.ticks($0) : 0 } ?? 0
    wantsValues = values && threshold == 0
    hasRoots = !limits.roots.isEmpty
    let depth = UInt32(min(max(0, limits.maxDepth ?? .max), Int(FTRACE_SHADOW_DEPTH)))
    unsafe graph = .allocate(capacity: 1)
    unsafe graph.initialize(to: ftrace_graph())
    // Safe: the list of threads lives as long as this object.
    unsafe ftrace_shadows_init(&graph.pointee.shadows, depth, 0, self.threads.start, self.threads.count)
    unsafe graph.pointee.threshold = threshold
    buffer.setGraph(UInt(bitPattern: unsafe graph))
    unsafe sink = UnsafeMutablePointer(bitPattern: buffer.sink).unsafelyUnwrapped
  }

  deinit {
    unsafe ftrace_shadows_free(&graph.pointee.shadows)
    unsafe graph.deallocate()
  }

  /// Calls that had no room on the stack, or were deeper than the limit; exits of calls that are not recorded, unless they were told from others
  /// before; calls that ended without an exit.
  var sums: ftrace_shadow_sums { unsafe ftrace_shadows_sums(&graph.pointee.shadows) }

  func emit(_ end: TraceEnd, into body: BodyBuilder) {
    switch (end, threshold) {
    case (.entry, 0):
      body.beginEntry(isInside: hasRoots, unless: state)
      append(body)
      body.code.mov(body.frame(.what, next: 1), .r11)
      body.push()
    case (.exit, 0):
      body.loadBlockForExit()
      body.beginExit()
      append(body)
      body.pop()
    case (.entry, _):
      body.beginEntry(isInside: hasRoots, unless: state)
      body.loadSite(.r11d)
      body.code.mov(body.frame(.what, next: 1), .r11)
      clock.read(body)
      body.code.mov(body.frame(.start, next: 1), .rax)
      body.push()
    case (.exit, _):
      body.loadBlockForExit()
      body.beginExit()
      compare(body)
      body.pop()
    }
    body.endEvent()
  }

  /// Appends an event; afterwards `r11` is its place.
  private func append(_ body: BodyBuilder) {
    let a = body.code
    switch clock {
    case .timestampCounter:
      a.rdtsc()
      a.cmp(body.channel(body.block, .high), .edx)
      body.slow(.ne)
    case .word, .none: clock.read(body)
    case .monotonic:
      clock.read(body)
      a.mov(.rdx, .rax)
      a.shr(.rdx, 32)
      a.cmp(body.channel(body.block, .high), .edx)
      body.slow(.ne)
    }
    a.mov(.rdx, body.channel(body.block, .cursor))
    a.cmp(.rdx, body.channel(body.block, .limit))
    body.slow(.ae)
    a.mov(.base(.rdx, 0), .eax)
    body.loadSite(.r11d)
    a.mov(.base(.rdx, 4), .r11d)
    let size = body.appendValues(at: .rdx, behind: 8)
    // What a frame keeps of the call.
    if size > 8 && body.end == .entry { body.loadSite(.r11d) }
    a.add(.rdx, size)
    // Publishes the event: whoever reads the cursor sees what was stored before it (stores are not reordered, Intel SDM volume 3, 9.2.2).
    a.mov(body.channel(body.block, .cursor), .rdx)
  }

  /// Goes the slow way, which writes the events, if the call took as long as the threshold.
  private func compare(_ body: BodyBuilder) {
    let a = body.code
    clock.read(body)
    a.sub(.rax, body.frame(.start))
    if let limit = Int32(exactly: threshold) {
      a.cmp(.rax, limit)
    } else {
      a.mov(.r11, Int64(bitPattern: threshold))
      a.cmp(.rax, .r11)
    }
    body.slow(.ae)
  }
}

extension TraceOps {
  /// What records both ends of calls into a buffer, as the options choose them.
  package static func graph(
    _ name: String, _ filter: TraceFilter, _ options: TracerOptions, into buffer: TraceBuffer,
    unless state: TriggerState? = nil, word: UInt? = nil
  ) -> TraceOps {
    let limits = options.graph
    if limits.isUnlimited && options.threads.isEmpty {
      return TraceOps(
        name: name, filter: filter,
        body: EventBody(ends: .both, parents: false, values: options.values, into: buffer, unless: state))
    }
    return TraceOps(
      name: name, filter: filter, marks: limits.roots.isEmpty ? nil : TraceFilter(trace: limits.roots),
      body: GraphBody(limits, threads: options.threads, values: options.values, into: buffer, unless: state, word: word)
    )
  }
}
