import FtraceX86Assembler

/// What the engine knows of a site, and what is there.
public struct SiteReport: Sendable, Hashable {
  /// What a site does.
  public enum State: Sendable, Hashable {
    /// Never called since it was emitted: `call mcount`.
    case unrecorded
    /// Called, and waiting for conversion.
    case pending
    case nop
    /// Calls the trampoline at an address.
    case tracing(trampoline: UInt)
    /// Bytes were not what the record says; not written any more.
    case quarantined
    /// A NOP for good.
    case excluded(SiteExclusion)
  }

  /// Address of the site.
  public var ip: UInt
  public var function: String
  /// Which end of the function it is at.
  public var kind: SiteKind
  /// Number of the installation of the function's code.
  public var generation: UInt32
  /// What it does, by its record.
  public var state: State
  /// The five bytes that are there.
  public var bytes: [UInt8]
  /// Those that the state stands for.
  public var expected: [UInt8]

  /// Whether the bytes are what they should be.
  public var isSound: Bool { bytes == expected }
}

/// The result of holding every site against its record.
public struct AuditReport: Sendable {
  /// Sites looked at, the engine's inner calls included.
  public var checked = 0
  /// Places whose bytes are not what the records say, as found and as expected.
  public var damaged: [QuarantinedSite] = []
  /// Quarantined sites that were found sound and are written again.
  public var released: [QuarantinedSite] = []

  /// Whether no site was found with other bytes.
  public var isSound: Bool { damaged.isEmpty }
}

/// A return that has no exit site.
public struct UntracedReturn: Sendable, Hashable {
  /// Address of the instruction.
  public var ip: UInt
  public var function: String
}
