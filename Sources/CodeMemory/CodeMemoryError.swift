public import FtracePlatform

/// What the environment refuses to a ``CodeArena``. The arena's state is unchanged when one is thrown.
public enum CodeMemoryError: Error, Equatable, Sendable {
  /// No free piece fits. All in bytes: what was asked for, all that is free, and the largest piece of it.
  case outOfMemory(requested: Int, available: Int, largest: Int)
  /// A signed 32-bit displacement does not lead from one address to the other.
  case outOfReach(from: UInt, to: UInt)
  /// The system does not allow executable memory in the way that was asked for.
  case permissionRefused(SystemError)
  /// Code and data would not reach each other with rip-relative operands. In bytes of code: what was asked for, and what there is beside the data.
  case reservationTooLarge(requested: Int, maximum: Int)
  /// A system call failed for another reason.
  case system(SystemError)
}

extension CodeMemoryError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfMemory(let requested, let available, let largest):
      """
      the arena has no free piece of \(requested) bytes (\(available) free, the largest piece \(largest)): \
      reserve a larger arena, or free functions and let a stop reclaim them
      """
    case .outOfReach(let from, let to):
      """
      0x\(String(to, radix: 16)) is out of reach of a 32-bit displacement from 0x\(String(from, radix: 16)): \
      go through a slot in the arena's data region
      """
    case .permissionRefused(let error):
      "executable memory is refused (\(error)); the mapping .automatic falls back to toggling where that is allowed"
    case .reservationTooLarge(let requested, let maximum):
      """
      a reservation of \(requested) bytes for code exceeds \(maximum): with its data it would exceed the reach of rip-relative \
      operands: reserve less, or use several arenas
      """
    case .system(let error): error.description
    }
  }
}
