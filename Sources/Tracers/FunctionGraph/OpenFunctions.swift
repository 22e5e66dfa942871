/// The functions of one worker that are open, as far as its stream tells: outermost first.
///
/// An exit belongs to the innermost open call of its function, and those inside it ended by other means; a resync says which are left.
struct OpenFunctions<Key: Equatable, Value> {
  struct Frame {
    /// Of the function, nil: not known, which matches all.
    var key: Key?
    /// What was noted at its entry; nil of a frame that a resync listed, and whose entry is not in the stream.
    var value: Value?
    /// It was listed after a gap in which entries may have been lost.
    var isBehindGap = false

    func matches(_ key: Key?) -> Bool { self.key == nil || key == nil || self.key == key }
  }

  private(set) var frames: [Frame] = []

  mutating func enter(_ key: Key?, _ value: Value) { frames.append(Frame(key: key, value: value)) }

  /// Closes the innermost call of a function, and those inside it: what they were, innermost first, and the call itself, nil if it is not here.
  /// Then nothing is closed.
  mutating func exit(_ key: Key?) -> (unwound: [Frame], call: Frame?) {
    guard let index = frames.lastIndex(where: { $0.matches(key) }) else { return ([], nil) }
    let unwound = Array(frames[(index + 1)...].reversed())
    let call = frames[index]
    frames.removeLast(frames.count - index)
    return (unwound, call)
  }

  /// Closes the innermost ones: fewer, if there are not so many.
  mutating func unwind(_ count: Int) -> [Frame] {
    let closed = Array(frames.suffix(count).reversed())
    frames.removeLast(closed.count)
    return closed
  }

  /// Only these are open, outermost first, besides more outside if the list is cut.
  ///
  /// The list has the frames of functions that are not in the stream as well: what is left is the longest run from the outermost one on that is
  /// in the list in the same order.
  /// - Returns: what was closed, innermost first.
  mutating func resync(_ listed: [Key?], isCut: Bool, isBehindGap: Bool) -> [Frame] {
    var kept = frames.count
    var places = places(of: kept, in: listed, isCut: isCut)
    while places == nil, kept > 0 {
      kept -= 1
      places = self.places(of: kept, in: listed, isCut: isCut)
    }
    let closed = Array(frames[kept...].reversed())
    let inList = places ?? [:]
    let outside = kept - inList.count
    var open = Array(frames[..<outside])
    for (index, key) in listed.enumerated() {
      if let frame = inList[index] {
        open.append(frames[frame])
        // What the list knows of the function holds for a frame of which it was not known.
        if let key { open[open.count - 1].key = key }
      } else {
        open.append(Frame(key: key, value: nil, isBehindGap: isBehindGap))
      }
    }
    frames = open
    return closed
  }

  /// Where in the list the outermost `count` frames are, nil if they are not: by place, the number of the frame. Those that a cut list has no
  /// room for lie outside of it.
  private func places(of count: Int, in listed: [Key?], isCut: Bool) -> [Int: Int]? {
    var places: [Int: Int] = [:]
    if isCut {
      var frame = count
      for index in listed.indices.reversed() where frame > 0 && frames[frame - 1].matches(listed[index]) {
        frame -= 1
        places[index] = frame
      }
      // A frame that the list passed over must lie outside of what it reaches to.
      return frame == 0 || places[0] == frame ? places : nil
    }
    var frame = 0
    for index in listed.indices where frame < count && frames[frame].matches(listed[index]) {
      places[index] = frame
      frame += 1
    }
    return frame == count ? places : nil
  }
}
