import FtraceTraceBuffer

/// The blocks of a trace by worker.
struct RecordedWorkers: Sendable {
  /// Those with blocks, in the order of their numbers.
  let workers: [TraceWorker]
  /// The blocks of each, in order.
  let blocks: [[EventBlock]]

  init(_ contents: TraceSnapshot) {
    let byWorker = Dictionary(grouping: contents.blocks, by: \.header.worker)
    let known = Dictionary(contents.workers.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    let numbers = byWorker.keys.sorted()
    workers = numbers.map { number in
      known[number] ?? TraceWorker(unnamed: number, threadID: byWorker[number]?.first?.header.threadID)
    }
    blocks = numbers.map { number in
      (byWorker[number] ?? []).sorted { ($0.header.sequence, $0.startWord) < ($1.header.sequence, $1.startWord) }
    }
  }
}
