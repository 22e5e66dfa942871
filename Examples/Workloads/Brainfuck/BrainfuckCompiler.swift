import Ftrace

/// A compiler from brainfuck to emitted code: the program is a function, and so is each of its loops.
///
/// A function takes the address of the tape, the place on it and the number of the session, and returns the new place. The tape has 65,536 cells of
/// a byte and is a ring.
struct BrainfuckCompiler {
  static let tapeBytes = 65_536
  /// Loops in loops: each takes a frame of the stack while it runs.
  private static let nestingLimit = 1000

  typealias Program = EmittedFunction<Int, UInt, Int, Int>

  /// Why a text is not a program.
  struct SyntaxError: Error {
    var offset: Int
    var reason: String
  }

  /// The commands of a text, each with its place; everything else is comment.
  static func parse(_ text: [UInt8]) throws(SyntaxError) -> [(command: UInt8, offset: Int)] {
    let commands = Set("<>+-.,[]".utf8)
    var program: [(command: UInt8, offset: Int)] = []
    var open: [Int] = []
    for (offset, byte) in text.enumerated() where commands.contains(byte) {
      if byte == UInt8(ascii: "[") { open.append(offset) }
      if byte == UInt8(ascii: "]"), open.popLast() == nil {
        throw SyntaxError(offset: offset, reason: "']' without its '['")
      }
      if open.count > nestingLimit { throw SyntaxError(offset: offset, reason: "more than \(nestingLimit) loops nest") }
      program.append((byte, offset))
    }
    if let offset = open.last { throw SyntaxError(offset: offset, reason: "'[' without its ']'") }
    return program
  }

  let runtime: TraceRuntime
  /// `put(session, byte)` and `get(session) -> byte`.
  let put: HostHandle
  let get: HostHandle

  // rbx: the tape; r12: the place; r13: the session.
  private static let cell = Mem.base(.rbx, index: .r12)

  /// A function that is being built, and for a loop the ends of it.
  private struct Open {
    var builder: FunctionBuilder
    var head: Label?
    var done: Label?
  }

  /// Compiles a program. Its functions are `main`, and `loop_` with the offset of the bracket.
  func compile(_ program: [(command: UInt8, offset: Int)]) throws(FtraceError) -> Program {
    // Without recursion: a program may nest its loops as deep as it likes. `loops` keeps what is not called yet.
    var open = [begin("main")]
    var loops: [FunctionHandle] = []
    var index = 0
    while index < program.count {
      let (command, offset) = program[index]
      let run = program[index...].prefix { $0.command == command }.count
      let f = open[open.count - 1].builder
      switch command {
      case UInt8(ascii: "+"): f.add(.byte, Self.cell, Int8(truncatingIfNeeded: run))
      case UInt8(ascii: "-"): f.sub(.byte, Self.cell, Int8(truncatingIfNeeded: run))
      case UInt8(ascii: ">"), UInt8(ascii: "<"):
        f.add(.r12d, Int32(truncatingIfNeeded: command == UInt8(ascii: ">") ? run : -run))
        f.movzx(.r12d, .r12w)
      case UInt8(ascii: "["): open.append(begin("loop_\(offset)", isLoop: true))
      case UInt8(ascii: "]"):
        loops.append(try end(open.removeLast()))
        callLoop(loops[loops.count - 1], from: open[open.count - 1].builder)
      case UInt8(ascii: "."):
        f.mov(.rdi, .r13)
        f.movzx(.esi, .byte, Self.cell)
        f.call(put)
      default:
        f.mov(.rdi, .r13)
        f.call(get)
        f.mov(Self.cell, .al)
      }
      // Commands with an operand take their whole run; the others come one by one.
      index += [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ">"), UInt8(ascii: "<")].contains(command) ? run : 1
    }
    let main = try end(open.removeLast())
    return try runtime.typed(main, as: ((UInt, Int, Int) -> Int).self)
  }

  private func begin(_ name: String, isLoop: Bool = false) -> Open {
    let f = FunctionBuilder(name: name, layout: TraceRuntime.threadLayout)
    f.entrySite()
    f.prologue(saving: [.rbx, .r12, .r13])
    f.mov(.rbx, .rdi)
    f.mov(.r12, .rsi)
    f.mov(.r13, .rdx)
    guard isLoop else { return Open(builder: f) }
    let (head, done) = (f.here("head"), f.label("done"))
    f.cmp(.byte, Self.cell, 0)
    f.j(.e, done)
    return Open(builder: f, head: head, done: done)
  }

  private func end(_ open: Open) throws(FtraceError) -> FunctionHandle {
    let f = open.builder
    if let head = open.head, let done = open.done {
      f.poll()
      f.jmp(head)
      f.bind(done)
    }
    f.mov(.rax, .r12)
    f.functionReturn()
    let image: FunctionImage
    do throws(AssemblerError) { image = try f.finish() } catch { throw .assembly(error) }
    return try runtime.define(image)
  }

  private func callLoop(_ loop: FunctionHandle, from f: FunctionBuilder) {
    f.mov(.rdi, .rbx)
    f.mov(.rsi, .r12)
    f.mov(.rdx, .r13)
    f.call(loop)
    f.mov(.r12, .rax)
  }
}
