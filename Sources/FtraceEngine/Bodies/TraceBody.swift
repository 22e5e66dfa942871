import CFtraceShims
import FtraceX86Assembler

/// One end of a function.
public enum TraceEnd: UInt8, Sendable, Hashable, CaseIterable {
  /// The first five bytes, before anything was pushed.
  case entry
  /// Before a return or a tail jump, where the frame is gone and the results are in their registers.
  case exit
}

/// The ends of functions that an ops wants.
public struct TraceEnds: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Where functions begin.
  public static let entry = TraceEnds(rawValue: 1)
  /// Where they return, or jump to another for good.
  public static let exit = TraceEnds(rawValue: 2)
  /// Both ends.
  public static let both: TraceEnds = [.entry, .exit]

  /// Whether an end is one of these.
  public func contains(_ end: TraceEnd) -> Bool { contains(end == .entry ? TraceEnds.entry : TraceEnds.exit) }
}

/// The body of a tracer as machine code, which runs in the trampoline of each site that the ops wants: no call, no saved set, no
/// callback.
///
/// A body preserves every register and vector but `r11`, those in `BodyBuilder.dead`, and the flags, calls nothing on its fast path, and falls through at its end. What it needs to
/// keep in registers it spills below `rsp`, with `BodyBuilder.spill`: the red zone is free there, and signals leave it alone (System V ABI 3.2.2).
public protocol TraceBody: AnyObject, Sendable {
  /// At which ends it runs.
  var ends: TraceEnds { get }

  /// What the body's slow path calls. It is at one place as long as the body lives, which is until none of its code can run. The engine fills in `slot` and
  /// `ops` before anything can call it.
  var sink: UnsafeMutablePointer<ftrace_sink> { get }

  /// Whether `BodyBuilder.values` is to say where the values of each function are: such a body is emitted once for each kind of signature as well.
  var wantsValues: Bool { get }

  /// Emits the body for one end. Called under the engine's lock, any number of times: once for each set of ops that the body meets
  /// others in.
  func emit(_ end: TraceEnd, into code: BodyBuilder)
}

extension TraceBody {
  public var wantsValues: Bool { false }
}
