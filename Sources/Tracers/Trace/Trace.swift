/// What a tracer recorded: the calls of all threads in order of time, and what is missing of them.
///
/// It keeps the memory of its events. Any thread may read it.
public struct Trace: Sendable {
  /// Name of the tracer.
  public let tracer: String
  /// Times of its events.
  public let clock: TraceClock
  /// Calls that the tracer should have recorded and did not.
  public let losses: Losses

  /// Calls that are missing in a trace, by cause.
  public struct Losses: Sendable, Hashable {
    /// The limit of memory was reached.
    public var limit = 0
    /// The kernel refused memory within the limit.
    public var memory = 0
    /// More threads than the tracer can tell apart, or no memory for a further one.
    public var threads = 0
    /// The call came while the same thread recorded another: from a signal handler, or the tracer's own code.
    public var recursion = 0

    public init(limit: Int = 0, memory: Int = 0, threads: Int = 0, recursion: Int = 0) {
      self.limit = limit
      self.memory = memory
      self.threads = threads
      self.recursion = recursion
    }

    public var total: Int { limit + memory + threads + recursion }

    /// One line for each cause, with what can be done about it.
    public var lines: [String] {
      [
        (limit, "did not fit into the buffer: raise its size"),
        (memory, "found no memory: free some, or lower the buffer's size"),
        (threads, "came on more than \(EventBuffer.threadLimit) threads"),
        (recursion, "came while the same thread recorded another"),
      ].filter { $0.0 > 0 }.map { "\($0.0) calls are missing that \($0.1)" }
    }
  }

  /// A thread with events.
  public struct Task: Sendable, Hashable {
    public var name: String
    public var threadID: Int
    public var events: Int
  }

  /// Threads, in the order of their first events.
  public let tasks: [Task]
  let buffer: EventBuffer?

  init(tracer: String, clock: TraceClock, buffer: EventBuffer?, recursions: Int) {
    self.tracer = tracer
    self.clock = clock
    self.buffer = buffer
    var losses = Losses(recursion: recursions)
    var tasks: [Task] = []
    if let buffer {
      // Safe: the buffer keeps its streams, and nobody appends any more.
      losses.threads = unsafe buffer.shared.pointee.lostToThreads.load(ordering: .relaxed)
      let streams = unsafe buffer.streams
      for index in unsafe streams.indices {
        let stream = unsafe streams[index].pointee
        losses.limit += stream.lostToLimit
        losses.memory += stream.lostToMemory
        tasks.append(
          Task(name: stream.taskName, threadID: Int(stream.threadID), events: StreamReader(stream).count))
      }
    }
    self.losses = losses
    self.tasks = tasks
  }

  /// Recorded calls.
  public var count: Int { tasks.reduce(0) { $0 + $1.events } }
}
