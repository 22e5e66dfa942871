import Synchronization

/// The number of a function or of a host closure, which code names it by before it is installed.
///
/// No two in a process have the same, of whatever runtime: so a symbol of another runtime, or of what is gone, stands for nothing instead of for
/// something else.
struct EntityNumber: RawRepresentable, Hashable {
  /// At most 48 bits, for a symbol has room for no more: they last for nine years at a million definitions a second.
  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  private static let last = Atomic<UInt64>(0)

  /// A number that nothing else has.
  static func make() -> EntityNumber {
    // Relaxed: nothing is published with it, the numbers need only differ.
    EntityNumber(rawValue: last.add(1, ordering: .relaxed).newValue)
  }
}
