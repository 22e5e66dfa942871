import Ftrace
import Glibc

/// A program for the runtime: what `ftrace run` and its siblings take by name. Each checks its results against plain Swift.
public protocol Workload: Sendable {
  /// As users type it.
  static var name: String { get }
  /// One line.
  static var help: String { get }
  /// The arguments, as in `[N [SEED]]`.
  static var usage: String { get }
  /// On how many threads it can run.
  static var maximumThreads: Int { get }

  /// Reads the arguments, and all that the program needs to start. Nothing has happened if it throws.
  init(arguments: [String]) throws(WorkloadError)

  /// Defines functions in a runtime, calls them, checks what they return, and writes the program's output.
  func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError)
}

extension Workload {
  public static var maximumThreads: Int { .max }
}

/// What a workload is run with.
public struct WorkloadContext: Sendable {
  /// Threads that run the workload's functions; nil: as many as the workload likes.
  public var threads: Int?
  public var output: WorkloadOutput
  public var input: WorkloadInput

  public init(threads: Int? = nil, output: WorkloadOutput, input: WorkloadInput = .empty) {
    self.threads = threads
    self.output = output
    self.input = input
  }
}

/// The workloads there are.
public enum Workloads {
  /// In the order in which they are listed.
  public static let all: [any Workload.Type] = [Fib.self, Calls.self, Matmul.self, Brainfuck.self, Pool.self]

  /// Their names.
  public static var names: [String] { all.map { $0.name } }

  /// A workload by its name, nil if there is none.
  public static func named(_ name: String) -> (any Workload.Type)? { all.first { $0.name == name } }
}

/// Why a workload did not end well.
public enum WorkloadError: Error, Sendable {
  /// An argument is not what it should be.
  case usage(String)
  /// An input file does not hold what it should.
  case malformed(String)
  /// A file could not be read.
  case unreadable(path: String, errno: Int32)
  /// Emitted code returned something else than plain Swift.
  case mismatch(String)
  /// The system has no threads to spare.
  case noThreads(errno: Int32)
  /// The runtime refused something.
  case runtime(FtraceError)
}

extension WorkloadError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .usage(let text), .malformed(let text): text
    // Safe: strerror's text is copied at once.
    case .unreadable(let path, let errno): unsafe "\(path): \(String(cString: strerror(errno)))"
    case .mismatch(let text): "emitted code and plain Swift disagree: \(text)"
    case .noThreads(let errno): "no thread could be started (errno \(errno)): raise the limit of processes (ulimit -u)"
    case .runtime(let error): error.description
    }
  }
}
