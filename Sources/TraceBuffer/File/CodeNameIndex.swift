/// Names of code by address and epoch. Made once in O(n log n); O(log² n) for each question, whatever the names overlap.
///
/// The boundaries of the names cut the addresses into pieces; a binary tree over the pieces has each name at the nodes that it covers as a whole,
/// at most two of a level. All names of a piece are at the nodes above it.
public struct CodeNameIndex: Sendable {
  /// A name at a node, and the newest of those up to it.
  private struct Entry {
    var epoch: UInt32
    var newest: Int
  }

  private let names: [CodeName]
  /// Where pieces begin, in order.
  private let starts: [UInt64]
  /// By node of the tree, in order of epochs: the root is 1, the children of `n` are `2n` and `2n + 1`.
  private var nodes: [[Entry]]
  private let leaves: Int

  /// - Parameter names: in the order in which they were added: of two in one place, from one epoch on, the later holds.
  public init(_ names: [CodeName]) {
    self.names = names
    // A name may reach the end of the addresses: what is behind it begins at 0 then, which is no boundary.
    let ends = names.map { $0.start &+ $0.size }.filter { $0 != 0 }
    starts = Set(names.map(\.start) + ends).sorted()
    var leaves = 1
    while leaves < starts.count { leaves *= 2 }
    self.leaves = leaves
    nodes = Array(repeating: [], count: 2 * leaves)
    let order = names.indices.sorted { (names[$0].epoch, $0) < (names[$1].epoch, $1) }
    for index in order where names[index].size > 0 { add(index) }
  }

  private mutating func add(_ index: Int) {
    let name = names[index]
    let end = name.start &+ name.size
    var low = leaves + (piece(at: name.start) ?? 0)
    var high = leaves + (end > name.start ? piece(at: end) ?? 0 : starts.count)
    func newest(_ node: Int) -> Int { max(index, nodes[node].last?.newest ?? 0) }
    // The nodes that cover the leaves from `low` up to `high`, from below.
    while low < high {
      if low & 1 == 1 {
        nodes[low].append(Entry(epoch: name.epoch, newest: newest(low)))
        low += 1
      }
      if high & 1 == 1 {
        high -= 1
        nodes[high].append(Entry(epoch: name.epoch, newest: newest(high)))
      }
      low /= 2
      high /= 2
    }
  }

  /// Whether no name was added.
  public var isEmpty: Bool { names.isEmpty }

  /// What was at an offset in the arena, in an epoch; nil if no name was added for it, or if it was forgotten.
  public func name(at offset: UInt64, epoch: UInt32) -> CodeName? {
    guard let piece = piece(at: offset) else { return nil }
    var node = leaves + piece
    var best: Int?
    while node > 0 {
      let entries = nodes[node]
      let count = partition(entries.count) { entries[$0].epoch <= epoch }
      if count > 0 { best = max(best ?? 0, entries[count - 1].newest) }
      node /= 2
    }
    return best.map { names[$0] }
  }

  /// The piece that holds an address.
  private func piece(at offset: UInt64) -> Int? {
    let count = partition(starts.count) { starts[$0] <= offset }
    return count == 0 ? nil : count - 1
  }

  /// How many of the first of `count` things satisfy a condition that the rest do not.
  private func partition(_ count: Int, _ holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
