/// What a patchable site of a function is for.
public enum SiteKind: UInt8, Hashable, Sendable {
  /// The first five bytes of the function.
  case entry
  /// Five bytes before a return or a tail jump.
  case exit
}

/// Five bytes of a function that tracing changes while the program runs.
public struct Site: Hashable, Sendable {
  /// The offset of the first of the five bytes in the function.
  public var offset: Int
  public var kind: SiteKind
  /// Tells apart the functions that have been at one address over time. The engine fills it in; the builder leaves 0.
  public var generation: UInt32

  public init(offset: Int, kind: SiteKind, generation: UInt32 = 0) {
    self.offset = offset
    self.kind = kind
    self.generation = generation
  }
}
