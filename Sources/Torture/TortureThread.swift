/// A thread of a torture, by what it is for: all that its random numbers depend on, besides the seed.
package struct TortureThread: Hashable, Sendable {
  package enum Role: UInt64, Sendable {
    case controller = 1
    case worker
    case child
    /// Stops the workers while the controller lands.
    case stopper
  }

  package var role: Role
  /// Which of several, less than 2^24.
  package var index: Int
  /// How many came before it in its place, less than 2^32.
  package var incarnation: Int

  package init(_ role: Role, index: Int = 0, incarnation: Int = 0) {
    (self.role, self.index, self.incarnation) = (role, index, incarnation)
  }

  /// Another one for each thread, and never 0.
  package var number: UInt64 {
    role.rawValue << 56 | UInt64(truncatingIfNeeded: index) << 32 | UInt64(truncatingIfNeeded: incarnation)
  }

  /// What fixes its operations: a function of a torture's seed and the number, and of nothing that happens.
  package func seed(of torture: UInt64) -> UInt64 {
    var numbers = SeededGenerator(seed: number)
    var seeds = SeededGenerator(seed: torture &+ numbers.next())
    return seeds.next()
  }

  package func generator(of torture: UInt64) -> SeededGenerator { SeededGenerator(seed: seed(of: torture)) }
}

/// What a thread has done, in a number: the same operations in the same order have the same.
package struct OperationLog: Hashable, Sendable {
  // FNV-1a, by words.
  package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  package private(set) var count = 0

  package init() {}

  package mutating func add(_ operation: UInt64) {
    hash = (hash ^ operation) &* 0x100_0000_01B3
    count += 1
  }
}
