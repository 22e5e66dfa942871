import CFtraceWasm
import FtraceX86Assembler

/// Tail calls: the frame is gone when the callee begins. Its arguments on the stack end where this function's own did, and the return address
/// moves to below them.
///
/// A callee of another instance is called and returned from, for this function's caller relies on the context that it had.
extension FunctionCompiler {
  mutating func returnCall(_ function: Int) {
    let callee = layout.types[Int(layout.functionTypes[function])]
    beginCall(callee, index: nil)
    if function < layout.importedFunctions {
      a.mov(.r11, .base(Registers.context, layout.importedFunction(function)))
      callReference()
      a.jmp(returnLabel)
    } else {
      leaveFrame(for: callee)
      a.tailCall(slot: words.symbol(function - layout.importedFunctions))
    }
    stop()
  }

  mutating func returnCallIndirect() {
    let type = reader.index()
    let table = reader.index()
    let callee = layout.types[type]
    let index = pop()
    let other = a.label()
    beginCall(callee, index: index)
    loadReference(table, callee)
    a.cmp(.base(.r11, Int32(FTRACE_WASM_FUNCTION_CONTEXT)), Registers.context)
    a.j(.ne, other)
    enterReference()
    a.mov(.rax, .base(.r11))
    leaveFrame(for: callee)
    a.tailCall(.rax)
    a.bind(other)
    callReference()
    // The results are where this function's own would be: the types are the same.
    a.jmp(returnLabel)
    stop()
  }

  /// Undoes the frame, with the callee's arguments on the stack moved up to where this function's end. `rax` and the arguments are kept.
  private func leaveFrame(for callee: TypeLayout) {
    let shift = type.stackBytes - callee.stackBytes
    if callee.stackBytes == 0 && shift == 0 {
      leaveFrame()
      return
    }
    // What stands in this function's place: the return address, then the callee's arguments. Read before it is written: from the top down.
    restoreSaved()
    a.mov(.r11, .base(.rbp, 8))
    a.movq(.xmm14, .r11)
    a.mov(.r11, .base(.rbp))
    a.movq(.xmm15, .r11)
    for offset in stride(from: callee.stackBytes - 8, through: 0, by: -8) {
      a.mov(.r11, .base(.rsp, offset))
      a.mov(.base(.rbp, 16 + shift + offset), .r11)
    }
    a.lea(.rsp, .base(.rbp, 8 + shift))
    a.movq(.rbp, .xmm15)
    a.movq(.base(.rsp), .xmm14)
  }
}
