/// Looks names up by offset and epoch.
public struct CodeNameIndex: Sendable {
  /// By start, and in the order in which they were added.
  private let names: [CodeName]
  /// Of the largest function: how far before an offset its function can begin.
  private let reach: UInt64

  /// - Parameter names: in the order in which they were added.
  /// Complexity: O(n log n).
  public init(_ names: [CodeName]) {
    self.names = names.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(
      \.element)
    reach = names.map(\.size).max() ?? 0
  }

  public var isEmpty: Bool { names.isEmpty }

  /// The name of the code at an offset in the arena in an epoch: the one of the latest epoch up to it, the last of several; nil if none was
  /// added. O(log n + the names within the size of the largest function).
  public func name(at offset: UInt64, epoch: UInt32) -> CodeName? {
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if names[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    var best: CodeName?
    for index in (0..<low).reversed() {
      let name = names[index]
      if offset - name.start >= reach { break }
      guard offset - name.start < name.size, name.epoch <= epoch else { continue }
      // Going backwards: of one start and epoch the last that was added comes first.
      if let known = best, known.epoch >= name.epoch { continue }
      best = name
    }
    return best
  }
}
