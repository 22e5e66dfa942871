/// The language in plain Swift: what compiled programs are compared with.
struct BrainfuckReference {
  let program: [(command: UInt8, offset: Int)]

  /// The output of a program, as far as a number of steps leads.
  func output(for input: [UInt8], steps limit: Int) -> (output: [UInt8], isComplete: Bool) {
    var partner = [Int](repeating: 0, count: program.count)
    var open: [Int] = []
    for (index, item) in program.enumerated() {
      if item.command == UInt8(ascii: "[") { open.append(index) }
      if item.command == UInt8(ascii: "]"), let start = open.popLast() {
        (partner[start], partner[index]) = (index, start)
      }
    }
    let commands = program.map(\.command)
    var tape = [UInt8](repeating: 0, count: BrainfuckCompiler.tapeBytes)
    var (place, index, steps) = (0, 0, 0)
    var rest = input[...]
    var output: [UInt8] = []
    while index < commands.count {
      if steps == limit { return (output, false) }
      steps += 1
      switch commands[index] {
      case UInt8(ascii: "+"): tape[place] &+= 1
      case UInt8(ascii: "-"): tape[place] &-= 1
      case UInt8(ascii: ">"): place = (place + 1) % tape.count
      case UInt8(ascii: "<"): place = (place + tape.count - 1) % tape.count
      case UInt8(ascii: "."): output.append(tape[place])
      case UInt8(ascii: ","): tape[place] = rest.popFirst() ?? 0
      case UInt8(ascii: "["): if tape[place] == 0 { index = partner[index] }
      default: if tape[place] != 0 { index = partner[index] }
      }
      index += 1
    }
    return (output, true)
  }
}
