/// The name of a range of code, from an epoch on until another name has its place, and the signature that goes with it.
public struct CodeName: Sendable, Hashable {
  /// Offset in the arena of the first byte; of code elsewhere likewise, modulo 2^64.
  public var start: UInt64
  /// Bytes.
  public var size: UInt64
  /// The first epoch in which it is the name of this code.
  public var epoch: UInt32
  public var name: String
  /// As whoever writes and reads the trace spells it, without zero bytes; empty: not known.
  public var signature: String

  public init(start: UInt64, size: UInt64, epoch: UInt32, name: String, signature: String = "") {
    self.signature = signature
    self.start = start
    self.size = size
    self.epoch = epoch
    self.name = name
  }
}
