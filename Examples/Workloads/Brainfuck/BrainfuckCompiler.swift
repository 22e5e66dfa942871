import Ftrace

/// Emits a program as a function, and so each of its loops.
///
/// A function takes the address of the tape, the place on it and the address of the session, and returns the new place.
struct BrainfuckCompiler {
  typealias Program = EmittedFunction<Int, UInt, Int, UInt>

  let runtime: TraceRuntime
  /// `put(session, byte)` and `get(session) -> byte`.
  let put: HostHandle
  let get: HostHandle

  // rbx: the tape; r12: the place; r13: the session.
  private static let cell = Mem.base(.rbx, index: .r12)

  /// Defines `main`, and `loop_` with the offset of its bracket for each loop.
  func compile(_ program: BrainfuckProgram) throws(FtraceError) -> Program {
    // Without recursion: loops nest. Each function that is being built, with what a loop jumps to.
    var open = [(f: begin("main"), loop: (head: Label, done: Label)?.none)]
    for step in program.steps {
      let f = open[open.count - 1].f
      switch step {
      case .add(let count): f.add(.byte, Self.cell, Int8(truncatingIfNeeded: count))
      case .move(let count):
        f.add(.r12d, Int32(truncatingIfNeeded: count))
        f.movzx(.r12d, .r12w)  // the tape is a ring
      case .put:
        f.mov(.rdi, .r13)
        f.movzx(.esi, .byte, Self.cell)
        f.call(put)
      case .get:
        f.mov(.rdi, .r13)
        f.call(get)
        f.mov(Self.cell, .al)
      case .begin(let offset, _):
        let loop = begin("loop_\(offset)")
        let (head, done) = (loop.here("head"), loop.label("done"))
        loop.cmp(.byte, Self.cell, 0)
        loop.j(.e, done)
        open.append((loop, (head, done)))
      case .end:
        if let (head, done) = open[open.count - 1].loop {
          f.poll()
          f.jmp(head)
          f.bind(done)
        }
        let loop = try end(f)
        open.removeLast()
        let caller = open[open.count - 1].f
        caller.mov(.rdi, .rbx)
        caller.mov(.rsi, .r12)
        caller.mov(.rdx, .r13)
        caller.call(loop)
        caller.mov(.r12, .rax)
      }
    }
    return try runtime.typed(try end(open[0].f), as: ((UInt, Int, UInt) -> Int).self)
  }

  private func begin(_ name: String) -> FunctionBuilder {
    let f = FunctionBuilder(name: name, layout: TraceRuntime.threadLayout)
    f.entrySite()
    f.prologue(saving: [.rbx, .r12, .r13])
    f.mov(.rbx, .rdi)
    f.mov(.r12, .rsi)
    f.mov(.r13, .rdx)
    return f
  }

  private func end(_ f: FunctionBuilder) throws(FtraceError) -> FunctionHandle {
    f.mov(.rax, .r12)
    f.functionReturn()
    let image: FunctionImage
    do throws(AssemblerError) { image = try f.finish() } catch { throw .assembly(error) }
    return try runtime.define(image)
  }
}
