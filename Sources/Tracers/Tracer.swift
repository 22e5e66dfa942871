import FtraceEngine
import FtraceTraceBuffer

/// Something that watches the functions of a runtime, by name: what the kernel's `current_tracer` takes.
///
/// A tracer is started and stopped from any thread that is not inside one of its callbacks. It can be started again after a stop.
public protocol Tracer: AnyObject, Sendable {
  /// What it finds out.
  associatedtype Report: TraceReport

  /// As users type it.
  static var name: String { get }
  /// One line.
  static var help: String { get }

  init(options: TracerOptions)

  /// Begins to trace the functions that `filter` wants, and those defined later.
  /// - Throws: as `TraceRuntime.register`, and `.system` if there is no memory for events; nothing is traced then.
  func start(in runtime: TraceRuntime, filter: TraceFilter) throws(FtraceError)

  /// Ends tracing and returns what was recorded since the start.
  /// - Throws: as `TraceRuntime.unregister`; tracing goes on then. `.notRegistered` if it was not started.
  func stop() throws(FtraceError) -> Report
}

/// What tracers are made with.
public struct TracerOptions: Sendable {
  /// The memory that events may take, in bytes, over all threads. What does not fit is counted as lost.
  public var bufferBytes: Int
  /// The clock of events.
  public var clock = TraceClockKind.tsc
  /// What becomes of events that do not fit: they are lost, or those before them are.
  public var mode = TraceBuffer.Mode.discard
  /// Whether arguments and results are recorded, of functions whose signature was declared. A `function_graph` with a threshold records none.
  public var values = false
  /// What the tracer `callback` calls, and at which ends of functions.
  public var callback: TraceCallback?
  public var callbackEnds = TraceEnds.entry
  /// Which calls `function_graph` records, of those that the filter wants.
  public var graph = GraphLimits()
  /// What happens when certain functions are entered: of `function` and `function_graph`.
  public var triggers: [TraceTrigger] = []
  /// Whether nothing is recorded before a trigger switches the recording on: of the same two.
  public var beginsPaused = false
  /// The kernel's ids of the threads that `function_graph` and `profile` trace; none: all.
  public var threads: [Int32] = []

  public init(bufferBytes: Int = 512 << 20) { self.bufferBytes = bufferBytes }
}

/// The tracers there are.
public enum Tracers {
  /// In the order in which they are listed.
  public static let all: [any Tracer.Type] = [
    NopTracer.self, FunctionTracer.self, FunctionGraphTracer.self, ProfileTracer.self, CountTracer.self,
    StackTracer.self, CallbackTracer.self,
  ]

  /// Their names.
  public static var names: [String] { all.map { $0.name } }

  /// A tracer by its name, nil if there is none.
  public static func named(_ name: String) -> (any Tracer.Type)? { all.first { $0.name == name } }
}
