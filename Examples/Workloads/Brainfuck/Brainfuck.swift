import Ftrace

/// A compiler and its programs: host functions for input and output, a tape for each session, loops as functions.
public struct Brainfuck: Workload, PoolWorkload {
  public static let name = "brainfuck"
  public static let help = "a compiler whose loops become functions; runs FILE with its input from standard input"
  public static let usage = "[FILE]"
  public static let maximumThreads = 1

  /// Steps up to which the output is compared with that of the interpreter.
  private static let checkedSteps = 50_000_000
  /// Prints a triangle of stars: a star and a line feed in cells 4 and 5, eight rows, each with one more.
  private static let sample = ">>>>>++++++[<+++++++>-]++++++++++<<<<<++++++++[>+[>+>+<<-]>[<+>-]>[>.<-]>>.<<<<<-]"

  private let program: BrainfuckProgram

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    let path = arguments.text()
    try arguments.end()
    let text = if let path { try readFile(path) } else { Array(Self.sample.utf8) }
    do throws(BrainfuckProgram.SyntaxError) { program = try BrainfuckProgram(text) } catch {
      throw .malformed("\(path ?? "the sample"): \(error.reason) at offset \(error.offset)")
    }
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    guard (context.threads ?? 1) == 1 else { throw .usage("a brainfuck program runs on one thread") }
    let main = try Self.compile(program, in: runtime)
    let (output, input) = try onThreads(1, named: Self.name) { _ in
      let session = BrainfuckSession(input: context.input, output: context.output)
      session.run(main)
      return (session.written, session.read)
    }[0]
    context.output.flush()
    let expected = program.interpret(input, steps: Self.checkedSteps)
    let kept = expected.output.prefix(BrainfuckSession.kept)
    guard output.starts(with: kept), !expected.isComplete || output.count == kept.count
    else { throw .mismatch("the program's output differs from the interpreter's") }
  }

  /// Runs the sample, any number of times at once.
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob {
    let program = try Brainfuck(arguments: []).program
    let main = try compile(program, in: runtime)
    let expected = program.interpret([], steps: .max).output
    return { _ in
      let session = BrainfuckSession(input: .empty, output: .discarded)
      session.run(main)
      return session.written == expected
    }
  }

  private static func compile(
    _ program: BrainfuckProgram, in runtime: TraceRuntime
  ) throws(WorkloadError) -> BrainfuckCompiler.Program {
    do throws(FtraceError) {
      // Safe: only `BrainfuckSession.run` calls programs, with the address of a session that it keeps.
      let put = try runtime.hostFunction("put") { (session: UInt, byte: UInt8) in
        unsafe BrainfuckSession.at(session).write(byte)
      }
      let get = try runtime.hostFunction("get") { (session: UInt) -> UInt8 in
        unsafe BrainfuckSession.at(session).readByte()
      }
      return try BrainfuckCompiler(runtime: runtime, put: put, get: get).compile(program)
    } catch { throw .runtime(error) }
  }
}

/// A run of a program: what its host functions read and write.
private final class BrainfuckSession {
  /// Bytes of the output that are kept to be compared.
  static let kept = 1 << 20

  private let input: WorkloadInput
  private let output: WorkloadOutput
  private(set) var read: [UInt8] = []
  private(set) var written: [UInt8] = []

  init(input: WorkloadInput, output: WorkloadOutput) { (self.input, self.output) = (input, output) }

  /// The session at an address that `run` has handed to a program.
  @unsafe static func at(_ address: UInt) -> BrainfuckSession {
    guard let place = unsafe UnsafeRawPointer(bitPattern: address) else { preconditionFailure("no session") }
    return unsafe Unmanaged<BrainfuckSession>.fromOpaque(place).takeUnretainedValue()
  }

  /// Runs a program to its end, on a tape of its own.
  func run(_ main: BrainfuckCompiler.Program) {
    // Safe: the program stays on the ring of so many cells, and this is kept until it returns.
    withExtendedLifetime(self) {
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BrainfuckProgram.tapeBytes) { tape in
        unsafe tape.initialize(repeating: 0)
        _ = main(
          UInt(bitPattern: tape.baseAddress), 0, UInt(bitPattern: unsafe Unmanaged.passUnretained(self).toOpaque()))
      }
    }
  }

  // Reading and writing may block; meanwhile stops need not wait for this thread.
  func write(_ byte: UInt8) {
    if written.count < Self.kept { written.append(byte) }
    parked { output.write([byte]) }
  }

  /// The next byte of the input, 0 at its end.
  func readByte() -> UInt8 {
    let byte = parked { () -> UInt8? in
      output.flush()
      return input.next()
    }
    if let byte { read.append(byte) }
    return byte ?? 0
  }
}
