/// A stack of plain values that keeps its memory: no reference counts, no exclusivity checks, one comparison a access.
@safe struct FlatStack<Element: BitwiseCopyable>: ~Copyable {
  // Safe: an allocation of `capacity` elements of which the first `count` are initialised; freed in `deinit`, and nothing else keeps it.
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 64) {
    unsafe base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { unsafe base.deallocate() }

  subscript(index: Int) -> Element {
    @inline(__always) get {
      precondition(index >= 0 && index < count, "an element of the stack")
      return unsafe base[index]
    }
    @inline(__always) _modify {
      precondition(index >= 0 && index < count, "an element of the stack")
      yield unsafe &base[index]
    }
  }

  @inline(__always)
  mutating func push(_ element: Element) {
    if count == capacity { grow() }
    unsafe (base + count).initialize(to: element)
    count += 1
  }

  @inline(__always)
  mutating func pop() -> Element {
    precondition(count > 0, "an element of the stack")
    count -= 1
    return unsafe base[count]
  }

  /// Drops all elements from a height on.
  @inline(__always)
  mutating func truncate(to height: Int) {
    precondition(height >= 0 && height <= count, "a height of the stack")
    count = height
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    unsafe larger.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity *= 2
  }
}
