import FtraceCodeMemory
import FtraceQuiescence

/// How sites become known to the engine.
public enum RecordingMode: Sendable, Hashable, CaseIterable {
  /// A function is emitted with `call mcount`, and its first call records it: the original of 2008.
  case onFirstCall
  /// A function is emitted as a NOP and is known at once: kernels since 2.6.28.
  case atEmission
}

/// Bounds on what the engine keeps.
public struct RecordLimits: Sendable, Hashable {
  /// Records at the start, 0 or more.
  public var capacity: Int
  /// Records added by each tick of the daemon, when few are left, 1 or more; nil: capacity is not replenished.
  public var replenish: Int?
  /// Conversions after which tracing is killed with one warning, 0 or more; nil: never.
  public var overflow: Int?

  public init(capacity: Int, replenish: Int? = nil, overflow: Int? = nil) {
    self.capacity = capacity
    self.replenish = replenish
    self.overflow = overflow
  }

  /// As many records as the arena has room for sites.
  public static let arena = RecordLimits(capacity: .max)

  /// The bounds of the original: 79 pages of 127 records, one page more a tick, and a guard at 100,000 conversions.
  public static let seed2008 = RecordLimits(capacity: 79 * 127, replenish: 127, overflow: 100_000)
}

/// Who drives the daemon that converts pending sites.
public enum DaemonClock: Sendable {
  /// A thread of its own, started when the first function is installed.
  case system
  /// The caller, with `TraceRuntime.advanceDaemonClock(by:)`: for tests, and for programs that have a loop of their own.
  case manual
}

/// What a runtime is made with.
public struct Configuration: Sendable {
  /// Address space for code, in bytes, up to some 1,820 MiB: all of it is in reach of a 32-bit displacement, with an eighth more for data. It is
  /// sparse: memory is used as code is installed.
  public var reservation: Int = 256 << 20
  /// How code memory is mapped.
  public var mapping: CodeArena.Mapping = .automatic
  /// When a site gets its record.
  public var recording: RecordingMode = .onFirstCall
  /// How many records there may be.
  public var limits: RecordLimits = .arena
  /// Period of the daemon, more than zero.
  public var daemonPeriod: Duration = .seconds(1)
  /// What tells the daemon that a period has passed.
  public var daemonClock: DaemonClock = .system
  /// The time that a stop may take to gather the workers, more than zero.
  public var stopDeadline: Duration = Quiescence.defaultDeadline
  /// The time that workers have to arrive at a stop by themselves, before they are stopped by signal: zero is at once; nil:
  /// they are waited for.
  public var stopGrace: Duration? = Quiescence.defaultGrace
  /// Whether tracing is on at the start.
  public var enabled: Bool = true

  /// The defaults, as each member says.
  public init() {}
}

extension Configuration {
  /// - Throws: `.invalidConfiguration` with the first member that is out of its range.
  func check() throws(FtraceError) {
    let rules: [(member: String, holds: Bool, range: String)] = [
      ("reservation", reservation > 0, "1 byte or more"),
      ("limits.capacity", limits.capacity >= 0, "0 or more"),
      ("limits.replenish", limits.replenish ?? 1 > 0, "1 or more, or nil"),
      ("limits.overflow", limits.overflow ?? 0 >= 0, "0 or more, or nil"),
      ("daemonPeriod", daemonPeriod > .zero, "more than zero"),
      ("stopDeadline", stopDeadline > .zero, "more than zero"),
      ("stopGrace", stopGrace ?? .zero >= .zero, "zero or more, or nil"),
    ]
    for rule in rules where !rule.holds {
      throw .invalidConfiguration(member: rule.member, range: rule.range)
    }
  }
}
