/// A value in memory of its own, so that a class can change it without the run-time check that each access to a field makes:
/// that check costs as much as an allocation in the arena.
///
/// What the check would find cannot happen: the arena is used under one lock, and no method of its parts calls back into it.
@safe struct Cell<Value: ~Copyable>: ~Copyable {
  private let memory: UnsafeMutablePointer<Value>

  init(_ value: consuming Value) {
    unsafe memory = .allocate(capacity: 1)
    unsafe memory.initialize(to: value)
  }

  // Initialized above, for as long as the cell lives.
  deinit {
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
  }

  var value: Value {
    @inline(__always) _read { yield unsafe memory.pointee }
    @inline(__always) nonmutating _modify { yield unsafe &memory.pointee }
  }
}
