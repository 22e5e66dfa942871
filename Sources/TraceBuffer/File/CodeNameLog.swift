/// The names of code that were added to a buffer, in order, in bounded memory: where code takes the place of other code for days, the oldest names of code
/// that is gone are forgotten. Events of that time have no name.
package struct CodeNameLog: Sendable {
  package private(set) var names: [CodeName] = []
  /// By index in `names`: how many were added before. In order.
  private var numbers: [Int] = []
  /// How many were ever added.
  package private(set) var count = 0
  /// Those from this number on are kept, whatever takes their places: a stream has not written them yet.
  package var firstKept = Int.max

  /// Names of code that is gone which are kept in any case.
  private let limit: Int
  private var next: Int

  /// - Parameter limit: of names of code that is gone, from 1: when there are twice as many, half of them go.
  package init(limit: Int = 1 << 16) {
    self.limit = limit
    next = 2 * limit
  }

  /// Amortised O(1).
  package mutating func append(_ name: CodeName) {
    names.append(name)
    numbers.append(count)
    count += 1
    if names.count >= next { forget() }
  }

  /// Those that were added after the first `count`.
  package func dropFirst(_ count: Int) -> ArraySlice<CodeName> {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < count { low = middle + 1 } else { high = middle }
    }
    return names[low...]
  }

  /// Forgets names of code whose place other code has taken, a part of it or all, but for the last `limit` of them. O(n log n).
  ///
  /// With a name go all those before it that it took the place of, so that events of its time find none that is older.
  private mutating func forget() {
    let gone = superseded().filter { numbers[$0] < firstKept }
    let forgotten = Set(gone.dropLast(limit))
    let kept = names.indices.filter { !forgotten.contains($0) }
    (names, numbers) = (kept.map { names[$0] }, kept.map { numbers[$0] })
    next = max(2 * limit, 2 * names.count)
  }

  /// The indices of names that overlap with a later one, in order.
  private func superseded() -> [Int] {
    let places = Array(Set(names.flatMap { [$0.start, $0.start &+ $0.size] })).sorted()
    let piece = Dictionary(uniqueKeysWithValues: zip(places, 0...))
    // For each piece between two places the next one that no name has taken; those in between are skipped, as in a union-find.
    var next = Array(0...places.count)
    func free(from piece: Int) -> Int {
      var found = piece
      while next[found] != found {
        next[found] = next[next[found]]
        found = next[found]
      }
      return found
    }
    var superseded: [Int] = []
    for (index, name) in zip(names.indices, names).reversed() {
      let end = name.start &+ name.size
      // A name may reach the end of the addresses, which is 0.
      let pieces = piece[name.start, default: 0]..<(end > name.start ? piece[end, default: 0] : places.count)
      var (taken, at) = (0, free(from: pieces.lowerBound))
      while at < pieces.upperBound {
        taken += 1
        next[at] = at + 1
        at = free(from: at)
      }
      if taken < pieces.count { superseded.append(index) }
    }
    return superseded.reversed()
  }
}
