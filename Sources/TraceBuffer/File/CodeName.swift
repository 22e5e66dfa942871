/// The name of a range of code, from an epoch on until another name has its place.
public struct CodeName: Sendable, Hashable {
  /// Offset in the arena of the first byte.
  public var start: UInt64
  /// Bytes.
  public var size: UInt64
  /// The first epoch in which it is the name of this code.
  public var epoch: UInt32
  public var name: String

  public init(start: UInt64, size: UInt64, epoch: UInt32, name: String) {
    self.start = start
    self.size = size
    self.epoch = epoch
    self.name = name
  }
}
