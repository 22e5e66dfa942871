/// A program in brainfuck, and its meaning in plain Swift, which compiled programs are compared with.
struct BrainfuckProgram {
  enum Step {
    /// Adds to the cell, and to the place on the tape.
    case add(Int)
    case move(Int)
    case put
    case get
    /// A loop begins at an offset in the text, or ends; `partner` is the index of its other end.
    case begin(offset: Int, partner: Int)
    case end(partner: Int)
  }

  /// Why a text is not a program.
  struct SyntaxError: Error {
    var offset: Int
    var reason: String
  }

  /// Cells of a byte, in a ring.
  static let tapeBytes = 65_536
  /// Loops in loops: each takes a frame of the stack while it runs.
  private static let nestingLimit = 1000

  private(set) var steps: [Step] = []

  /// Reads a text, in which everything but commands is comment.
  init(_ text: [UInt8]) throws(SyntaxError) {
    var open: [(index: Int, offset: Int)] = []
    for (offset, byte) in text.enumerated() {
      switch (byte, steps.last) {
      case (UInt8(ascii: "+"), .add(let count)): steps[steps.count - 1] = .add(count + 1)
      case (UInt8(ascii: "-"), .add(let count)): steps[steps.count - 1] = .add(count - 1)
      case (UInt8(ascii: ">"), .move(let count)): steps[steps.count - 1] = .move(count + 1)
      case (UInt8(ascii: "<"), .move(let count)): steps[steps.count - 1] = .move(count - 1)
      case (UInt8(ascii: "+"), _): steps.append(.add(1))
      case (UInt8(ascii: "-"), _): steps.append(.add(-1))
      case (UInt8(ascii: ">"), _): steps.append(.move(1))
      case (UInt8(ascii: "<"), _): steps.append(.move(-1))
      case (UInt8(ascii: "."), _): steps.append(.put)
      case (UInt8(ascii: ","), _): steps.append(.get)
      case (UInt8(ascii: "["), _):
        open.append((steps.count, offset))
        steps.append(.begin(offset: offset, partner: 0))
        guard open.count <= Self.nestingLimit else {
          throw SyntaxError(offset: offset, reason: "more than \(Self.nestingLimit) loops nest")
        }
      case (UInt8(ascii: "]"), _):
        guard let start = open.popLast() else { throw SyntaxError(offset: offset, reason: "']' without its '['") }
        steps[start.index] = .begin(offset: start.offset, partner: steps.count)
        steps.append(.end(partner: start.index))
      default: break
      }
    }
    if let (_, offset) = open.last { throw SyntaxError(offset: offset, reason: "'[' without its ']'") }
  }

  /// The output for an input, as far as a number of steps leads.
  func interpret(_ input: [UInt8], steps limit: Int) -> (output: [UInt8], isComplete: Bool) {
    var (tape, output, rest) = ([UInt8](repeating: 0, count: Self.tapeBytes), [UInt8](), input[...])
    var (place, index, done) = (0, 0, 0)
    while index < steps.count {
      guard done < limit else { return (output, false) }
      done += 1
      switch steps[index] {
      case .add(let count): tape[place] &+= UInt8(truncatingIfNeeded: count)
      case .move(let count): place = (place + count) & (Self.tapeBytes - 1)
      case .put: output.append(tape[place])
      case .get: tape[place] = rest.popFirst() ?? 0
      case .begin(_, let partner): if tape[place] == 0 { index = partner }
      case .end(let partner): if tape[place] != 0 { index = partner }
      }
      index += 1
    }
    return (output, true)
  }
}
