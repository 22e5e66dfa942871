import Ftrace
import Synchronization

/// A compiler and its programs: host functions for input and output, a tape for each session, loops as functions.
public struct Brainfuck: Workload {
  public static let name = "brainfuck"
  public static let help = "a compiler whose loops become functions; runs FILE with its input from standard input"
  public static let usage = "[FILE]"

  /// Steps up to which the output is compared with an interpreter in plain Swift, and bytes of it that are kept for that.
  private static let checkedSteps = 50_000_000
  private static let checkedBytes = 1 << 20

  /// Prints a triangle of stars.
  static let sample = """
    >>>>>++++++[<+++++++>-] a star in cell 4    ++++++++++ a line feed in cell 5
    <<<<<++++++++           eight rows are left in cell 0
    [                       for each row
      >+[>+>+<<-]           lengthen it and copy its length to cells 2 and 3
      >[<+>-]               take the length back from cell 2
      >[>.<-]               print the stars
      >>.<<<<<-             print the line feed
    ]
    """

  private let program: [(command: UInt8, offset: Int)]

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    let path = arguments.text()
    try arguments.end()
    let text = if let path { try readFile(path) } else { Array(Self.sample.utf8) }
    do throws(BrainfuckCompiler.SyntaxError) {
      program = try BrainfuckCompiler.parse(text)
    } catch {
      throw .malformed("\(path ?? "the sample"): \(error.reason) at offset \(error.offset)")
    }
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    guard (context.threads ?? 1) == 1 else { throw .usage("a brainfuck program runs on one thread") }
    let sessions = BrainfuckSessions(streams: (context.output, context.input), kept: Self.checkedBytes)
    let main = try sessions.compile(program, in: runtime)
    let session = try onThreads(1, named: Self.name) { _ in sessions.run(main) }[0]
    context.output.flush()
    let expected = BrainfuckReference(program: program).output(for: session.input, steps: Self.checkedSteps)
    let count = min(Self.checkedBytes, session.outputCount, expected.output.count)
    guard session.output.prefix(count) == expected.output.prefix(count),
      expected.isComplete ? session.outputCount == expected.output.count : session.outputCount >= count
    else { throw .mismatch("the program's output differs from the interpreter's") }
  }
}

extension Brainfuck: PoolWorkload {
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob {
    guard let program = try? BrainfuckCompiler.parse(Array(sample.utf8)) else { return { _ in false } }
    let sessions = BrainfuckSessions(streams: nil, kept: .max)
    let main = try sessions.compile(program, in: runtime)
    let expected = BrainfuckReference(program: program).output(for: [], steps: .max).output
    return { _ in sessions.run(main).output == expected }
  }
}

/// Runs of compiled programs, any number at a time: what their host functions read and write.
final class BrainfuckSessions: Sendable {
  struct Session: Sendable {
    /// What was read, and the beginning of what was written.
    var input: [UInt8] = []
    var output: [UInt8] = []
    var outputCount = 0
  }

  private let streams: (output: WorkloadOutput, input: WorkloadInput)?
  private let kept: Int
  private let sessions = Mutex<(next: Int, open: [Int: Session])>((0, [:]))

  /// - Parameters:
  ///   - streams: where input comes from and output goes; nil: nothing, and nowhere.
  ///   - kept: bytes of output that a session keeps.
  init(streams: (output: WorkloadOutput, input: WorkloadInput)?, kept: Int) {
    self.streams = streams
    self.kept = kept
  }

  func compile(
    _ program: [(command: UInt8, offset: Int)], in runtime: TraceRuntime
  ) throws(WorkloadError) -> BrainfuckCompiler.Program {
    do throws(FtraceError) {
      let put = try runtime.hostFunction("put") { [self] (session: Int, byte: UInt8) in write(byte, in: session) }
      let get = try runtime.hostFunction("get") { [self] (session: Int) -> UInt8 in read(in: session) }
      return try BrainfuckCompiler(runtime: runtime, put: put, get: get).compile(program)
    } catch { throw .runtime(error) }
  }

  /// Runs a program to its end, on a tape of its own.
  func run(_ main: BrainfuckCompiler.Program) -> Session {
    let number = sessions.withLock { sessions in
      sessions.next += 1
      sessions.open[sessions.next] = Session()
      return sessions.next
    }
    // Safe: the program stays on the ring of so many cells.
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BrainfuckCompiler.tapeBytes) { tape in
      unsafe tape.initialize(repeating: 0)
      _ = main(UInt(bitPattern: tape.baseAddress), 0, number)
    }
    return sessions.withLock { $0.open.removeValue(forKey: number) } ?? Session()
  }

  private func write(_ byte: UInt8, in session: Int) {
    sessions.withLock { sessions in
      guard let kept = sessions.open[session]?.output.count else { return }
      sessions.open[session]?.outputCount += 1
      if kept < self.kept { sessions.open[session]?.output.append(byte) }
    }
    // Writing may block; meanwhile stops need not wait for this thread.
    if let streams { parked { streams.output.write([byte]) } }
  }

  /// The next byte of the input, 0 at its end.
  private func read(in session: Int) -> UInt8 {
    guard let streams else { return 0 }
    let byte = parked {
      streams.output.flush()
      return streams.input.next()
    }
    guard let byte else { return 0 }
    sessions.withLock { $0.open[session]?.input.append(byte) }
    return byte
  }
}
