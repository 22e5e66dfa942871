/// Types of operands, one byte each, with room that is kept from function to function.
@safe struct OperandStack: ~Copyable {
  /// A value of code that cannot be reached: it has whatever type is asked for.
  static let unknown: UInt8 = 0

  private var storage: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0
  /// The largest count since `reset()`. Never beyond `capacity`.
  private(set) var highWater = 0

  init() {
    capacity = 256
    unsafe storage = .allocate(capacity: capacity)
  }

  deinit {
    unsafe storage.deallocate()
  }

  mutating func reset() {
    count = 0
    highWater = 0
  }

  /// Returns false if the stack is as deep as it may be.
  @inline(__always)
  mutating func push(_ type: UInt8) -> Bool {
    if count == highWater {
      guard raise() else { return false }
    }
    // Below `highWater`, which is not beyond the capacity.
    unsafe storage[count] = type
    count &+= 1
    return true
  }

  /// The topmost type. There must be one.
  @inline(__always)
  var top: UInt8 {
    precondition(count > 0, "an operand")
    // Every byte below `count` was written by a push.
    return unsafe storage[count &- 1]
  }

  @inline(__always)
  mutating func removeTop() {
    precondition(count > 0, "an operand")
    count &-= 1
  }

  /// The type `depth` below the topmost.
  func type(below depth: Int) -> UInt8 {
    precondition(depth >= 0 && depth < count, "an operand")
    // As in `top`.
    return unsafe storage[count - 1 - depth]
  }

  mutating func truncate(to height: Int) {
    precondition(height >= 0 && height <= count, "a height that was reached")
    count = height
  }

  @inline(never)
  private mutating func raise() -> Bool {
    guard highWater < ImplementationLimits.operands else { return false }
    if highWater == capacity {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
      // The first `count` bytes were written.
      unsafe larger.update(from: storage, count: count)
      unsafe storage.deallocate()
      unsafe storage = larger
      capacity *= 2
    }
    highWater += 1
    return true
  }
}
