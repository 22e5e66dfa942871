import FtraceEngine
import FtraceTraceBuffer

/// Both ends of calls, worker by worker, and what is missing of them.
public struct GraphTrace: TraceReport {
  /// Name of the tracer.
  public let tracer: String
  /// Executable address of the start of the code: places in events count from it.
  public let base: UInt
  /// Times of the events.
  public let calibration: Calibration
  /// Events that are missing, by cause.
  public let losses: EventLosses
  /// Those with events, in the order of their numbers.
  public let workers: [TraceWorker]
  /// The events of each of `workers`, in order.
  public let blocks: [[EventBlock]]

  /// Names that came with the trace, for where no runtime is there to ask.
  let contents: TraceSnapshot
  let names: CodeNameIndex

  /// A trace that was taken out of a buffer, or read from a file.
  public init(_ contents: TraceSnapshot) {
    self.contents = contents
    names = CodeNameIndex(contents.names)
    tracer = contents.tracer
    base = UInt(contents.code.lowerBound)
    calibration = contents.calibration
    losses = contents.losses
    let byWorker = Dictionary(grouping: contents.blocks, by: \.header.worker)
    let names = Dictionary(contents.workers.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    let numbers = byWorker.keys.sorted()
    self.workers = numbers.map { number in
      names[number]
        ?? TraceWorker(
          number: number, threadID: byWorker[number]?.first?.header.threadID ?? 0, name: "<...>", isAlive: false,
          losses: EventLosses())
    }
    self.blocks = numbers.map { (byWorker[$0] ?? []).sorted { $0.header.sequence < $1.header.sequence } }
  }

  public func write<Failure: Error>(
    of runtime: TraceRuntime, limit: Int?, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var symbols = SymbolTable(runtime)
    try GraphText(self) { address, time, _ in symbols.name(of: address, at: time) }.write(limit: limit, to: sink)
  }

  /// Writes it with the names that came with it.
  public func write<Failure: Error>(
    limit: Int? = nil, to sink: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var known: [UInt64: String] = [:]
    try GraphText(self) { address, _, epoch in
      let place = UInt64(address - base) | UInt64(epoch) << 32
      if let name = known[place] { return name }
      let name = names.name(at: UInt64(address - base), epoch: epoch)?.name ?? "0x" + String(address, radix: 16)
      known[place] = name
      return name
    }.write(limit: limit, to: sink)
  }
}
